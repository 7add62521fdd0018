import java.util.LinkedHashMap;
import java.util.Map;

/** {@code name=value} words, as arguments or as a line of standard input. */
final class Words {
    private final Map<String, String> values = new LinkedHashMap<>();

    static Words of(String[] words, int from) {
        Words all = new Words();
        for (int i = from; i < words.length; i++) {
            int at = words[i].indexOf('=');
            if (at < 0) {
                throw new IllegalArgumentException("not name=value: " + words[i]);
            }
            all.values.put(words[i].substring(0, at), words[i].substring(at + 1));
        }
        return all;
    }

    String get(String name) {
        String value = values.get(name);
        if (value == null) {
            throw new IllegalArgumentException("missing: " + name);
        }
        return value;
    }

    String get(String name, String otherwise) {
        return values.getOrDefault(name, otherwise);
    }

    int number(String name, int otherwise) {
        return values.containsKey(name) ? Integer.parseInt(values.get(name)) : otherwise;
    }

    boolean is(String name) {
        return Boolean.parseBoolean(values.get(name));
    }

    boolean has(String name) {
        return values.containsKey(name);
    }
}
