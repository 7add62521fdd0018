import java.util.Map;
import org.apache.rocketmq.client.producer.DefaultMQProducer;

/** The topics of the points, and the retry topics of its groups. */
final class Topics {
    static final String AWARDED = "points-awarded";
    static final String STATEMENT = "points-statement";
    static final String REMINDER = "points-reminder";
    static final String LETTER = "points-letter";
    /** Of every broker; its route tells where topics can be made. */
    private static final String EVERYWHERE = "SELF_TEST_TOPIC";
    private static final int QUEUES = 3;

    private Topics() {}

    /** Creates what is missing. A client that meets a topic before its birth learns of it 30 s late. */
    static void ensure(Settings settings) throws Exception {
        DefaultMQProducer admin = new DefaultMQProducer("points-topics");
        admin.setNamesrvAddr(settings.namesrv());
        admin.setInstanceName("topics");
        admin.start();
        try {
            create(admin, AWARDED, QUEUES, type("TRANSACTION"));
            create(admin, STATEMENT, QUEUES, type("FIFO"));
            create(admin, REMINDER, QUEUES, type("DELAY"));
            create(admin, LETTER, QUEUES, type("NORMAL"));
            for (String group : new String[] {Accounts.GROUP, Statements.GROUP, Reminders.GROUP, Reminders.LETTERS}) {
                create(admin, "%RETRY%" + group, 1, Map.of());
            }
        } finally {
            admin.shutdown();
        }
    }

    private static Map<String, String> type(String name) {
        return Map.of("+message.type", name);
    }

    // Out of favour since there is an administrator's library, a hundred jars more.
    @SuppressWarnings("deprecation")
    private static void create(DefaultMQProducer admin, String topic, int queues, Map<String, String> attributes)
        throws Exception {
        admin.createTopic(EVERYWHERE, topic, queues, attributes);
    }
}
