import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CountDownLatch;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Payment points: {@code points} awards them, {@code reminders} tells customers that they end.
 * Prints {@code ready} when all consumers have started; SIGTERM ends it in good order.
 */
public final class Main {
    private Main() {}

    public static void main(String[] arguments) throws Exception {
        Logger.getLogger("").setLevel(Level.WARNING);
        Logger.getLogger("points").setLevel(Level.INFO);
        Settings settings = Settings.ofEnvironment();
        Deque<AutoCloseable> parts = new ArrayDeque<>();
        CountDownLatch ended = new CountDownLatch(1);
        Topics.ensure(settings);
        switch (arguments.length == 1 ? arguments[0] : "") {
            case "points" -> {
                Faults faults = new Faults(settings);
                Statements statements = new Statements(settings);
                Accounts accounts = new Accounts(settings, faults);
                parts.push(faults);
                parts.push(statements);
                parts.push(accounts);
                parts.push(new Awards(settings, ended));
            }
            case "reminders" -> parts.push(new Reminders(settings));
            default -> throw new IllegalArgumentException("points or reminders");
        }
        Runtime.getRuntime().addShutdownHook(new Thread(() -> close(parts)));
        if (settings.readyFile() != null) {
            Files.createFile(Path.of(settings.readyFile()));
        }
        System.out.println("ready");
        ended.await();
        // Whoever watches this process starts it again.
        System.exit(1);
    }

    private static void close(Deque<AutoCloseable> parts) {
        for (AutoCloseable part : parts) {
            try {
                part.close();
            } catch (Exception e) {
                Logger.getLogger("points").log(Level.WARNING, "not ended in good order", e);
            }
        }
    }
}
