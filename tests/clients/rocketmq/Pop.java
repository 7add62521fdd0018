import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.rocketmq.client.apis.ClientConfiguration;
import org.apache.rocketmq.client.apis.ClientServiceProvider;
import org.apache.rocketmq.client.apis.consumer.ConsumeResult;
import org.apache.rocketmq.client.apis.consumer.FilterExpression;
import org.apache.rocketmq.client.apis.consumer.FilterExpressionType;
import org.apache.rocketmq.client.apis.consumer.PushConsumer;
import org.apache.rocketmq.client.apis.message.MessageView;

/** A gRPC consumer, behind the proxy; its group's retries are the broker's to count. */
final class Pop implements Role {
    private final PushConsumer consumer;
    private final Behaviour behaviour;

    Pop(Words words) throws Exception {
        behaviour = new Behaviour(words);
        FilterExpression filter = new FilterExpression(words.get("tags", "*"), FilterExpressionType.TAG);
        consumer = ClientServiceProvider.loadService().newPushConsumerBuilder()
            .setClientConfiguration(ClientConfiguration.newBuilder()
                .setEndpoints(words.get("endpoints")).enableSsl(false).build())
            .setConsumerGroup(words.get("group"))
            .setSubscriptionExpressions(Map.of(words.get("topic"), filter))
            .setConsumptionThreadCount(words.number("threads", 1))
            .setMessageListener(this::meet)
            .build();
    }

    private ConsumeResult meet(MessageView message) {
        String keys = String.join(" ", message.getKeys());
        Out.say("got", "topic", message.getTopic(), "id", message.getMessageId(), "keys", keys,
            "attempt", message.getDeliveryAttempt(),
            "body", StandardCharsets.UTF_8.decode(message.getBody()));
        return behaviour.meet(keys) == Behaviour.Verdict.OK ? ConsumeResult.SUCCESS : ConsumeResult.FAILURE;
    }

    @Override
    public void hear(String verb, Words words) {
        if (!verb.startsWith("behave ")) {
            throw new IllegalArgumentException("no verb: " + verb);
        }
        behaviour.change(verb.substring("behave ".length()), words);
    }

    @Override
    public void close() throws Exception {
        consumer.close();
    }
}
