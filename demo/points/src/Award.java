import com.alibaba.fastjson2.JSON;
import com.alibaba.fastjson2.JSONObject;
import io.opentelemetry.api.trace.Span;
import java.nio.charset.StandardCharsets;
import org.apache.rocketmq.common.message.Message;

/** Points for an order: one for each full unit of money that was paid. */
record Award(String orderId, String customerId, int points) {
    /** What the payment service tells: {@code order_id}, {@code customer_id}, {@code cents}. */
    static Award ofCapture(byte[] body) {
        JSONObject captured = JSON.parseObject(body);
        return new Award(captured.getString("order_id"), captured.getString("customer_id"),
            captured.getIntValue("cents") / 100);
    }

    static Award of(Message message) {
        JSONObject award = JSON.parseObject(message.getBody());
        return new Award(award.getString("order_id"), award.getString("customer_id"), award.getIntValue("points"));
    }

    Message on(String topic) {
        JSONObject body = JSONObject.of("order_id", orderId, "customer_id", customerId, "points", points);
        Message message = new Message(topic, "points", orderId, body.toString().getBytes(StandardCharsets.UTF_8));
        message.putUserProperty("order-id", orderId);
        message.putUserProperty("customer-id", customerId);
        return message;
    }

    /** Says on the present span which order it is about. */
    void mark() {
        Span.current().setAttribute("order.id", orderId).setAttribute("customer.id", customerId);
    }
}
