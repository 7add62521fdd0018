import java.util.logging.Logger;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.MessageExt;

/**
 * The oldest part of the shop: nobody gave it OpenTelemetry, but RocketMQ's own message trace is on.
 * Takes reminders when they are due and sends letters, which it prints itself.
 */
final class Reminders implements AutoCloseable {
    static final String GROUP = "points-reminders";
    static final String LETTERS = "points-letters";
    private static final boolean TRACE = true;
    private static final Logger LOG = Logger.getLogger("points");

    private final DefaultMQProducer producer;
    private final DefaultMQPushConsumer printer;
    private final DefaultMQPushConsumer reminders;

    Reminders(Settings settings) throws Exception {
        producer = new DefaultMQProducer("points-reminders-out", TRACE, null);
        producer.setNamesrvAddr(settings.namesrv());
        producer.setInstanceName("reminders-out");
        producer.setSendMsgTimeout(10_000);
        producer.start();
        printer = consumer(settings, LETTERS, Topics.LETTER,
            letter -> LOG.fine(() -> "printed for order " + letter.getKeys()));
        reminders = consumer(settings, GROUP, Topics.REMINDER, this::remind);
    }

    private interface Work {
        void on(MessageExt message) throws Exception;
    }

    private static DefaultMQPushConsumer consumer(Settings settings, String group, String topic, Work work)
        throws Exception {
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(group, TRACE, null);
        consumer.setNamesrvAddr(settings.namesrv());
        consumer.setInstanceName(group);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.setConsumeThreadMin(2);
        consumer.setConsumeThreadMax(2);
        consumer.subscribe(topic, "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            for (MessageExt message : messages) {
                try {
                    work.on(message);
                } catch (Exception e) {
                    LOG.warning("order " + message.getKeys() + ": " + e.getMessage());
                    return ConsumeConcurrentlyStatus.RECONSUME_LATER;
                }
            }
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        return consumer;
    }

    private void remind(MessageExt message) throws Exception {
        producer.send(Award.of(message).on(Topics.LETTER));
    }

    @Override
    public void close() {
        reminders.shutdown();
        printer.shutdown();
        producer.shutdown();
    }
}
