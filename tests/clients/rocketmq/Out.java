/** What happened, an object of JSON a line on standard output: {@code {"what":…, name: value…}}. */
final class Out {
    private Out() {}

    /** Names and values in turn; a null is left out. */
    static synchronized void say(String what, Object... pairs) {
        StringBuilder line = new StringBuilder("{\"what\":").append(quoted(what));
        for (int i = 0; i < pairs.length; i += 2) {
            Object value = pairs[i + 1];
            if (value == null) {
                continue;
            }
            boolean bare = value instanceof Number || value instanceof Boolean;
            line.append(',').append(quoted(pairs[i].toString())).append(':');
            line.append(bare ? value.toString() : quoted(value.toString()));
        }
        System.out.println(line.append('}'));
        System.out.flush();
    }

    private static String quoted(String text) {
        StringBuilder out = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else if (c < ' ') {
                out.append(String.format("\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        return out.append('"').toString();
    }
}
