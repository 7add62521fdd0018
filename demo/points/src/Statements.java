import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeOrderlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerOrderly;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.MessageExt;

/** Adds to each customer's statement, in the order of the awards. */
final class Statements implements AutoCloseable {
    static final String GROUP = "points-statements";

    private final Map<String, Integer> balances = new ConcurrentHashMap<>();
    private final DefaultMQPushConsumer consumer;

    Statements(Settings settings) throws Exception {
        consumer = new DefaultMQPushConsumer(GROUP);
        consumer.setNamesrvAddr(settings.namesrv());
        consumer.setInstanceName("statements");
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.setConsumeThreadMin(2);
        consumer.setConsumeThreadMax(2);
        consumer.subscribe(Topics.STATEMENT, "*");
        consumer.registerMessageListener((MessageListenerOrderly) (messages, context) -> {
            for (MessageExt message : messages) {
                Award award = Award.of(message);
                award.mark();
                balances.merge(award.customerId(), award.points(), Integer::sum);
            }
            return ConsumeOrderlyStatus.SUCCESS;
        });
        consumer.start();
    }

    @Override
    public void close() {
        consumer.shutdown();
    }
}
