import com.alibaba.fastjson2.JSON;
import com.alibaba.fastjson2.JSONArray;
import com.alibaba.fastjson2.JSONObject;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** The shop's switches, asked for twice a second; while the shop is away the last answer holds. */
final class Faults implements AutoCloseable {
    /** The account keeper is down: awards are tried again, then become dead letters. */
    static final String POINTS_DOWN = "points-down";

    private final HttpClient http = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(2)).build();
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
    private final HttpRequest question;
    private volatile JSONObject all = new JSONObject();

    Faults(Settings settings) {
        question = HttpRequest.newBuilder(URI.create(settings.shop() + "/faults")).timeout(Duration.ofSeconds(2)).build();
        clock.scheduleWithFixedDelay(this::ask, 0, 500, TimeUnit.MILLISECONDS);
    }

    private void ask() {
        try {
            HttpResponse<byte[]> answer = http.send(question, HttpResponse.BodyHandlers.ofByteArray());
            if (answer.statusCode() == 200) {
                all = JSON.parseObject(answer.body());
            }
        } catch (java.io.IOException e) {
            // Asked again soon.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Whether a fault that is on hits this order: it is named, or within its share. */
    boolean hits(String fault, String orderId) {
        JSONObject setting = all.getJSONObject(fault);
        if (setting == null) {
            return false;
        }
        JSONArray orders = setting.getJSONArray("orders");
        return orders == null || orders.isEmpty()
            ? placeOf(orderId) < setting.getDoubleValue("share")
            : orders.contains(orderId);
    }

    /** Where an order stands between 0 and 1 (FNV-1a), as in every service. */
    private static double placeOf(String orderId) {
        int hash = 0x811c9dc5;
        for (byte b : orderId.getBytes(java.nio.charset.StandardCharsets.UTF_8)) {
            hash = (hash ^ (b & 0xff)) * 0x01000193;
        }
        return Integer.toUnsignedLong(hash) / 4294967296.0;
    }

    @Override
    public void close() {
        clock.shutdownNow();
    }
}
