import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.ConsumeOrderlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.consumer.listener.MessageListenerOrderly;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.MessageExt;

/**
 * A push consumer of the remoting protocol; tells {@code got} a message before it behaves. Paused, it
 * stays a live member that fetches no more; a fetch that waits at the broker by then still brings what
 * comes first.
 */
final class Push implements Role {
    private final DefaultMQPushConsumer consumer;
    private final Behaviour behaviour;

    Push(Words words) throws Exception {
        behaviour = new Behaviour(words);
        consumer = new DefaultMQPushConsumer(words.get("group"), words.is("trace"), null);
        consumer.setNamesrvAddr(words.get("namesrv"));
        consumer.subscribe(words.get("topic"), words.get("tags", "*"));
        int threads = words.number("threads", 1);
        consumer.setConsumeThreadMin(threads);
        consumer.setConsumeThreadMax(threads);
        consumer.setMaxReconsumeTimes(words.number("retries", 2));
        consumer.setSuspendCurrentQueueTimeMillis(200);
        if (words.get("from", "first").equals("first")) {
            consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        }
        if (words.is("ordered")) {
            consumer.registerMessageListener((MessageListenerOrderly) (messages, context) -> meet(messages) == Behaviour.Verdict.OK
                ? ConsumeOrderlyStatus.SUCCESS : ConsumeOrderlyStatus.SUSPEND_CURRENT_QUEUE_A_MOMENT);
        } else {
            consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> meet(messages) == Behaviour.Verdict.OK
                ? ConsumeConcurrentlyStatus.CONSUME_SUCCESS : ConsumeConcurrentlyStatus.RECONSUME_LATER);
        }
        consumer.start();
    }

    private Behaviour.Verdict meet(List<MessageExt> messages) {
        Behaviour.Verdict all = Behaviour.Verdict.OK;
        for (MessageExt message : messages) {
            Out.say("got", "topic", message.getTopic(), "id", message.getMsgId(), "keys", message.getKeys(),
                "tags", message.getTags(), "attempt", message.getReconsumeTimes() + 1, "queue", message.getQueueId(),
                "offset", message.getQueueOffset(), "body", new String(message.getBody(), StandardCharsets.UTF_8));
            if (behaviour.meet(message.getKeys()) == Behaviour.Verdict.LATER) {
                all = Behaviour.Verdict.LATER;
            }
        }
        return all;
    }

    @Override
    public void hear(String verb, Words words) {
        switch (verb) {
            case "pause" -> consumer.suspend();
            case "resume" -> consumer.resume();
            default -> {
                if (!verb.startsWith("behave ")) {
                    throw new IllegalArgumentException("no verb: " + verb);
                }
                behaviour.change(verb.substring("behave ".length()), words);
                return;
            }
        }
        Out.say(verb);
    }

    @Override
    public void close() {
        consumer.shutdown();
    }
}
