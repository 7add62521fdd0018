import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** What is booked, in memory: a restart forgets it, and is told again by Kafka what it had not committed. */
final class Ledger {
    enum State { BOOKED, IN_REVIEW }

    private final Map<String, State> awards = new ConcurrentHashMap<>();

    /** {@code false}: it is known already. A big award is looked at by a person first. */
    boolean book(Award award) {
        State state = award.points() >= 40 ? State.IN_REVIEW : State.BOOKED;
        return awards.putIfAbsent(award.orderId(), state) == null;
    }

    State state(Award award) {
        return awards.get(award.orderId());
    }

    /** The person has looked. */
    void approve(Award award) {
        awards.replace(award.orderId(), State.IN_REVIEW, State.BOOKED);
    }
}
