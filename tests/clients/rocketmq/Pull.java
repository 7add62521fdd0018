import java.nio.charset.StandardCharsets;
import org.apache.rocketmq.client.consumer.DefaultLitePullConsumer;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.MessageExt;

/** A pull consumer that commits when it is told to. */
final class Pull implements Role {
    private final DefaultLitePullConsumer consumer;

    Pull(Words words) throws Exception {
        consumer = new DefaultLitePullConsumer(words.get("group"));
        consumer.setNamesrvAddr(words.get("namesrv"));
        consumer.setAutoCommit(false);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(words.get("topic"), words.get("tags", "*"));
        consumer.start();
    }

    @Override
    public void hear(String verb, Words words) {
        switch (verb) {
            case "poll" -> {
                int count = 0;
                for (MessageExt message : consumer.poll(words.number("ms", 1000))) {
                    count++;
                    Out.say("got", "topic", message.getTopic(), "id", message.getMsgId(), "keys", message.getKeys(),
                        "queue", message.getQueueId(), "offset", message.getQueueOffset(),
                        "body", new String(message.getBody(), StandardCharsets.UTF_8));
                }
                Out.say("polled", "count", count);
            }
            case "commit" -> {
                consumer.commit();
                Out.say("committed");
            }
            default -> throw new IllegalArgumentException("no verb: " + verb);
        }
    }

    @Override
    public void close() {
        consumer.shutdown();
    }
}
