/**
 * What a consumer does with a message, changed while it runs: {@code behave ok}, {@code behave later}
 * (asks for it again), {@code behave throw}, {@code behave slow ms=500} (then ok), each with
 * {@code key=K} for the messages of that key alone.
 */
final class Behaviour {
    enum Verdict { OK, LATER }

    private record Rule(String kind, int ms, String key) {}

    private volatile Rule rule;

    Behaviour(Words words) {
        rule = new Rule(words.get("behave", "ok"), words.number("ms", 500), words.get("key", null));
    }

    void change(String kind, Words words) {
        rule = new Rule(kind, words.number("ms", 500), words.get("key", null));
        Out.say("behaves", "kind", kind);
    }

    /** Blocks where it is slow; throws where it is to throw. */
    Verdict meet(String key) {
        Rule now = rule;
        if (now.key() != null && !now.key().equals(key)) {
            return Verdict.OK;
        }
        return switch (now.kind()) {
            case "ok" -> Verdict.OK;
            case "later" -> Verdict.LATER;
            case "throw" -> throw new IllegalStateException("told to throw");
            case "slow" -> {
                try {
                    Thread.sleep(now.ms());
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
                yield Verdict.OK;
            }
            default -> throw new IllegalArgumentException("no behaviour: " + now.kind());
        };
    }
}
