import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.rocketmq.client.producer.LocalTransactionState;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.TransactionListener;
import org.apache.rocketmq.client.producer.TransactionMQProducer;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/** Sends over the remoting protocol; answers {@code sent} a message, {@code check} a check-back. */
final class Produce implements Role {
    /** The message's own word on what its check-back shall answer. */
    private static final String CHECK = "check";

    private final TransactionMQProducer producer;
    private int number;
    private Flow flow;

    Produce(Words words) throws Exception {
        producer = new TransactionMQProducer(words.get("group"), null, words.is("trace"), null);
        producer.setNamesrvAddr(words.get("namesrv"));
        producer.setSendMsgTimeout(words.number("timeout_ms", 10_000));
        producer.setTransactionListener(new Outcome());
        producer.start();
    }

    @Override
    public void hear(String verb, Words words) throws Exception {
        if (verb.equals("flow")) {
            flow = new Flow(words);
            return;
        }
        if (verb.equals("still")) {
            Out.say("still", "sent", flow.end());
            return;
        }
        if (!verb.equals("send")) {
            throw new IllegalArgumentException("no verb: " + verb);
        }
        if (words.has("batch")) {
            List<Message> batch = new ArrayList<>();
            for (int i = 0; i < words.number("batch", 1); i++) {
                batch.add(message(words));
            }
            tell(producer.send(batch), words);
            return;
        }
        for (int i = 0; i < words.number("count", 1); i++) {
            tell(send(words), words);
        }
    }

    private SendResult send(Words words) throws Exception {
        Message message = message(words);
        if (words.has("transaction")) {
            return producer.sendMessageInTransaction(message, words.get("transaction"));
        }
        if (words.has("queue")) {
            List<MessageQueue> queues = producer.fetchPublishMessageQueues(message.getTopic());
            int wanted = words.number("queue", 0);
            MessageQueue queue = queues.stream().filter(q -> q.getQueueId() == wanted).findFirst().orElseThrow();
            return producer.send(message, queue);
        }
        if (words.has("order")) {
            return producer.send(message, (queues, chosen, key) -> queues.get(Math.floorMod(key.hashCode(), queues.size())),
                words.get("order"));
        }
        return producer.send(message);
    }

    private Message message(Words words) {
        number++;
        String body = words.get("body", "message-" + number);
        Message message = new Message(words.get("topic"), body.getBytes(StandardCharsets.UTF_8));
        if (words.has("keys")) {
            message.setKeys(words.get("keys").replace("#", Integer.toString(number)));
        }
        if (words.has("tags")) {
            message.setTags(words.get("tags"));
        }
        if (words.has("level")) {
            message.setDelayTimeLevel(words.number("level", 1));
        }
        if (words.has("after_ms")) {
            message.setDelayTimeMs(words.number("after_ms", 0));
        }
        message.putUserProperty(CHECK, words.get("check", "commit"));
        return message;
    }

    private static void tell(SendResult sent, Words words) {
        MessageQueue queue = sent.getMessageQueue();
        Out.say("sent", "id", sent.getMsgId(), "offset_id", sent.getOffsetMsgId(), "status", sent.getSendStatus(),
            "topic", words.get("topic"), "queue", queue == null ? null : queue.getQueueId(),
            "offset", sent.getQueueOffset(), "transaction", sent.getTransactionId());
    }

    @Override
    public void close() {
        producer.shutdown();
    }

    /** Messages at a steady rate, beside what else is asked for. */
    private final class Flow {
        private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
        private int sent;

        Flow(Words words) {
            Message template = message(words);
            long pause = 1_000_000_000L / words.number("rate", 10);
            clock.scheduleAtFixedRate(() -> {
                try {
                    producer.send(new Message(template.getTopic(), template.getTags(), template.getKeys(), template.getBody()));
                    sent++;
                } catch (Exception e) {
                    Out.say("failed", "error", e.getClass().getName(), "message", e.getMessage());
                }
            }, 0, pause, TimeUnit.NANOSECONDS);
        }

        int end() throws InterruptedException {
            clock.shutdown();
            clock.awaitTermination(10, TimeUnit.SECONDS);
            return sent;
        }
    }

    private static final class Outcome implements TransactionListener {
        @Override
        public LocalTransactionState executeLocalTransaction(Message message, Object wanted) {
            return state((String) wanted);
        }

        @Override
        public LocalTransactionState checkLocalTransaction(MessageExt message) {
            String answer = message.getUserProperty(CHECK);
            Out.say("check", "id", message.getTransactionId(), "keys", message.getKeys(), "answer", answer);
            return state(answer);
        }

        private static LocalTransactionState state(String name) {
            return switch (name) {
                case "commit" -> LocalTransactionState.COMMIT_MESSAGE;
                case "rollback" -> LocalTransactionState.ROLLBACK_MESSAGE;
                case "unknown" -> LocalTransactionState.UNKNOW;
                default -> throw new IllegalArgumentException("no outcome: " + name);
            };
        }
    }
}
