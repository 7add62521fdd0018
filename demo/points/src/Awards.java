import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.client.producer.LocalTransactionState;
import org.apache.rocketmq.client.producer.TransactionListener;
import org.apache.rocketmq.client.producer.TransactionMQProducer;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/**
 * Kafka {@code payments.captured} to RocketMQ {@code points-awarded}: the message is seen exactly when
 * the award is booked. Positions are committed after the sends; a crash between repeats them.
 */
final class Awards implements AutoCloseable {
    private static final Logger LOG = Logger.getLogger("points");

    private final Ledger ledger = new Ledger();
    private final KafkaConsumer<String, byte[]> consumer;
    private final TransactionMQProducer producer;
    private final Thread thread;

    Awards(Settings settings, CountDownLatch ended) throws Exception {
        producer = new TransactionMQProducer("points-awards");
        producer.setNamesrvAddr(settings.namesrv());
        producer.setInstanceName("awards");
        producer.setSendMsgTimeout(10_000);
        producer.setTransactionListener(new Booking());
        producer.start();
        consumer = new KafkaConsumer<>(Map.of(
            "bootstrap.servers", settings.kafka(),
            "group.id", "points",
            "client.id", "points",
            "enable.auto.commit", false,
            "auto.offset.reset", "earliest",
            // The topic may be born later, by the service that fills it.
            "allow.auto.create.topics", false,
            "metadata.max.age.ms", 2_000,
            "max.poll.records", 50), new StringDeserializer(), new ByteArrayDeserializer());
        consumer.subscribe(List.of("payments.captured"));
        thread = new Thread(() -> {
            try {
                run();
            } catch (WakeupException e) {
                LOG.fine("told to end");
            } catch (Exception e) {
                LOG.log(Level.SEVERE, "no more points are awarded", e);
                ended.countDown();
            } finally {
                consumer.close();
            }
        }, "awards");
        thread.start();
    }

    private void run() throws MQClientException {
        while (true) {
            for (ConsumerRecord<String, byte[]> record : consumer.poll(Duration.ofMillis(500))) {
                Award award = Award.ofCapture(record.value());
                award.mark();
                if (ledger.state(award) == null) {
                    producer.sendMessageInTransaction(award.on(Topics.AWARDED), award);
                }
            }
            consumer.commitSync();
        }
    }

    @Override
    public void close() {
        consumer.wakeup();
        try {
            thread.join(5_000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        producer.shutdown();
    }

    private final class Booking implements TransactionListener {
        @Override
        public LocalTransactionState executeLocalTransaction(Message message, Object award) {
            ledger.book((Award) award);
            boolean booked = ledger.state((Award) award) == Ledger.State.BOOKED;
            return booked ? LocalTransactionState.COMMIT_MESSAGE : LocalTransactionState.UNKNOW;
        }

        /** The broker asks about awards in review, and about those of a process that ended meanwhile. */
        @Override
        public LocalTransactionState checkLocalTransaction(MessageExt message) {
            Award award = Award.of(message);
            ledger.book(award);
            ledger.approve(award);
            LOG.info("order " + award.orderId() + ": the award was looked at");
            return LocalTransactionState.COMMIT_MESSAGE;
        }
    }
}
