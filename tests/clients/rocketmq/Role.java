/** What the program is while it runs. */
interface Role {
    /** A line of standard input: its first word and the others. */
    void hear(String verb, Words words) throws Exception;

    void close() throws Exception;
}
