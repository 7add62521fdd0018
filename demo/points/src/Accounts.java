import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.logging.Logger;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/**
 * Credits what was awarded; then writes the customer's statement, in order, and has the customer
 * reminded later. After the first try and two more a message becomes a dead letter.
 */
final class Accounts implements AutoCloseable {
    static final String GROUP = "points-accounts";
    private static final int RETRIES = 2;
    /** Years in life. */
    private static final long REMIND_AFTER_MS = 3_000;
    private static final Logger LOG = Logger.getLogger("points");

    private final Set<String> credited = ConcurrentHashMap.newKeySet();
    private final DefaultMQProducer producer;
    private final DefaultMQPushConsumer consumer;
    private final Faults faults;

    Accounts(Settings settings, Faults faults) throws Exception {
        this.faults = faults;
        producer = new DefaultMQProducer("points-accounts-out");
        producer.setNamesrvAddr(settings.namesrv());
        producer.setInstanceName("accounts-out");
        producer.setSendMsgTimeout(10_000);
        producer.start();
        consumer = new DefaultMQPushConsumer(GROUP);
        consumer.setNamesrvAddr(settings.namesrv());
        consumer.setInstanceName("accounts");
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.setMaxReconsumeTimes(RETRIES);
        consumer.setConsumeThreadMin(4);
        consumer.setConsumeThreadMax(4);
        consumer.subscribe(Topics.AWARDED, "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            for (MessageExt message : messages) {
                credit(message);
            }
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
    }

    /** Throws where it cannot be done now: the client asks for it again. */
    private void credit(MessageExt message) {
        Award award = Award.of(message);
        award.mark();
        if (credited.contains(award.orderId())) {
            return;
        }
        if (faults.hits(Faults.POINTS_DOWN, award.orderId())) {
            LOG.severe("order " + award.orderId() + ": the account keeper does not answer");
            throw new IllegalStateException("the account keeper does not answer");
        }
        Message reminder = award.on(Topics.REMINDER);
        reminder.setDelayTimeMs(REMIND_AFTER_MS);
        try {
            // One queue a customer keeps statements in order.
            producer.send(award.on(Topics.STATEMENT),
                (queues, sent, customer) -> queues.get(Math.floorMod(customer.hashCode(), queues.size())),
                award.customerId());
            producer.send(reminder);
        } catch (Exception e) {
            throw new IllegalStateException("the broker took no message", e);
        }
        credited.add(award.orderId());
    }

    @Override
    public void close() {
        consumer.shutdown();
        producer.shutdown();
    }
}
