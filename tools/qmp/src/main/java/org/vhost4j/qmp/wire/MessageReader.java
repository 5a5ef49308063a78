// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp.wire;

import java.util.Optional;
import tools.jackson.databind.JsonNode;

/**
 * Splits a client's bytes into messages. An invalid message is reported once, with its error; its remaining tokens are skipped until all
 * open brackets are closed. An invalid byte ends a message immediately. An incomplete message is not reported.
 */
public final class MessageReader implements AutoCloseable {
    /** Approximate memory in bytes of a token in addition to its text. */
    private static final int TOKEN_OVERHEAD = 64;
    /** Approximate memory for each byte of text, which is stored as bytes, as characters and as a string. */
    private static final int TEXT_FACTOR = 3;

    /** Receives the messages and errors. */
    public interface Sink {
        /**
         * Called for a valid message.
         *
         * @param message any JSON value
         */
        void message(JsonNode message);

        /**
         * Called for an invalid message.
         *
         * @param description QEMU's error message, beginning with line and column where the error has a position
         */
        void broken(String description);
    }

    private final MessageLimits limits;
    private final MemoryBudget budget;
    private final Sink sink;
    private final JsonLexer lexer;
    private final JsonAssembler assembler = new JsonAssembler();
    private int objects;
    private int arrays;
    private long bytes;
    private int tokens;
    private long borrowed;
    private boolean recovering;

    /**
     * Creates a reader for a new connection.
     *
     * @param limits the limits of one message
     * @param budget the budget that all clients share
     * @param sink receives messages and errors, on the thread that calls {@link #feed}
     */
    public MessageReader(MessageLimits limits, MemoryBudget budget, Sink sink) {
        this.limits = limits;
        this.budget = budget;
        this.sink = sink;
        this.lexer = new JsonLexer(limits.bytes(), held -> borrow(held), this::token);
    }

    /**
     * Processes bytes as they arrive.
     *
     * @param input the array that contains the bytes
     * @param from the index of the first byte
     * @param to the index after the last byte
     */
    public void feed(byte[] input, int from, int to) {
        for (int i = from; i < to; i++) {
            lexer.feed(input[i] & 0xff);
        }
    }

    private void token(Token token) {
        switch (token.type()) {
            case OBJECT_BEGIN -> objects++;
            case OBJECT_END -> objects--;
            case ARRAY_BEGIN -> arrays++;
            case ARRAY_END -> arrays--;
            case STRAY -> {
                if (!recovering) {
                    sink.broken(BrokenJson.quoting(token, "stray").description());
                }
                reset();
                return;
            }
            default -> {}
        }
        if (!recovering) {
            take(token);
        }
        if ((objects > 0 || arrays > 0) && objects >= 0 && arrays >= 0) {
            return;
        }
        reset();
    }

    private void take(Token token) {
        bytes += token.length();
        tokens++;
        if (token.type() == TokenType.TOO_LONG || bytes > limits.bytes() || !borrow(0)) {
            fail("JSON token size limit exceeded");
        } else if (tokens > limits.tokens()) {
            fail("JSON token count limit exceeded");
        } else if (objects + arrays > limits.nesting()) {
            fail("JSON nesting depth limit exceeded");
        } else {
            try {
                Optional<JsonNode> value = assembler.feed(token);
                value.ifPresent(sink::message);
            } catch (BrokenJson e) {
                fail(e.description());
            }
        }
    }

    /**
     * Reserves memory in the common budget for the received tokens and for an incomplete token of the given size. Returns false when the
     * budget is exhausted.
     */
    private boolean borrow(long coming) {
        long wanted = TEXT_FACTOR * (bytes + coming) + (long) TOKEN_OVERHEAD * tokens;
        long more = Math.max(0, wanted - borrowed);
        if (more > 0 && !budget.take(more)) {
            return false;
        }
        borrowed += more;
        return true;
    }

    private void fail(String description) {
        sink.broken(description);
        recovering = true;
        forget();
    }

    private void reset() {
        recovering = false;
        objects = 0;
        arrays = 0;
        forget();
    }

    private void forget() {
        assembler.reset();
        bytes = 0;
        tokens = 0;
        budget.release(borrowed);
        borrowed = 0;
    }

    /** Discards the incomplete message. */
    @Override
    public void close() {
        forget();
    }
}
