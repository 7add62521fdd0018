import java.io.BufferedReader;
import java.io.InputStreamReader;

/**
 * A RocketMQ client for tests: one role a process, driven by lines on standard input, telling on
 * standard output what happened. Ends with its input.
 *
 * <pre>
 * Client produce namesrv=H:P group=G [trace=true]
 *   flow topic=T rate=N (a second, until `still`, which answers how many), still
 *   send topic=T [body=B] [keys=K] [tags=A] [count=N] [batch=N] [queue=N] [order=KEY]
 *        [level=N] [after_ms=N] [transaction=commit|rollback|unknown] [check=commit|rollback|unknown]
 * Client push namesrv=H:P group=G topic=T [tags=A] [threads=N] [retries=N] [ordered=true]
 *        [from=first] [trace=true] [behave=…] [ms=…] [key=…]
 *   behave …, pause, resume
 * Client pull namesrv=H:P group=G topic=T
 *   poll ms=N, commit
 * Client pop endpoints=H:P group=G topic=T [tags=A] [threads=N] [behave=…]
 *   behave …
 * </pre>
 */
public final class Client {
    private Client() {}

    public static void main(String[] arguments) throws Exception {
        Words words = Words.of(arguments, 1);
        Role role = switch (arguments[0]) {
            case "produce" -> new Produce(words);
            case "push" -> new Push(words);
            case "pull" -> new Pull(words);
            case "pop" -> new Pop(words);
            default -> throw new IllegalArgumentException("no role: " + arguments[0]);
        };
        Out.say("ready");
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] said = line.trim().split(" +");
            try {
                boolean named = said.length > 1 && !said[1].contains("=");
                role.hear(named ? said[0] + " " + said[1] : said[0], Words.of(said, named ? 2 : 1));
            } catch (Exception e) {
                Out.say("failed", "error", e.getClass().getName(), "message", e.getMessage());
            }
        }
        role.close();
        // Threads of the client libraries would keep the process.
        System.exit(0);
    }
}
