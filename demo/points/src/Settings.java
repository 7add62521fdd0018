import java.util.Map;

/**
 * Where things are, from the environment.
 *
 * @param namesrv name servers of RocketMQ, {@code host:port} joined by semicolons
 * @param kafka bootstrap servers
 * @param shop where faults are asked for
 * @param readyFile made when all consumers have started; may be null
 */
record Settings(String namesrv, String kafka, String shop, String readyFile) {
    static Settings ofEnvironment() {
        Map<String, String> all = System.getenv();
        return new Settings(
            all.getOrDefault("ROCKETMQ_NAMESRV", "127.0.0.1:9876"),
            all.getOrDefault("KAFKA_BOOTSTRAP", "127.0.0.1:9092"),
            all.getOrDefault("SHOP_URL", "http://127.0.0.1:8088"),
            all.get("READY_FILE"));
    }
}
