// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp.wire;

import java.util.Arrays;
import java.util.function.Consumer;
import java.util.function.IntPredicate;

/**
 * Splits bytes into tokens, one byte at a time, so that bytes may arrive in pieces of any size.
 *
 * <p>A byte that is invalid in any token creates a {@link TokenType#STRAY} token. The following bytes are skipped up to
 * a structural character, a control character other than the tab, or a byte that UTF-8 does not use (0xFE, 0xFF), which
 * a client can send to resynchronize.
 */
final class JsonLexer {
    private static final int SMALL = 1024;

    private enum State {
        START,
        DOUBLE_QUOTED,
        DOUBLE_QUOTED_ESCAPE,
        SINGLE_QUOTED,
        SINGLE_QUOTED_ESCAPE,
        SIGN,
        ZERO,
        DIGITS,
        POINT,
        FRACTION,
        EXPONENT,
        EXPONENT_SIGN,
        EXPONENT_DIGITS,
        KEYWORD,
        RECOVERY
    }

    private final int longest;
    private final IntPredicate room;
    private final Consumer<Token> sink;
    private State state = State.START;
    private byte[] bytes = new byte[SMALL];
    private int length;
    private boolean outOfRoom;
    private long line = 1;
    private long column;
    private long tokenLine;
    private long tokenColumn;

    /**
     * Creates a lexer for a new connection.
     *
     * @param longest maximum number of bytes of a token
     * @param room called with the new size in bytes before a token takes more memory; returns false to end the token
     * @param sink receives each token
     */
    JsonLexer(int longest, IntPredicate room, Consumer<Token> sink) {
        this.longest = longest;
        this.room = room;
        this.sink = sink;
    }

    void feed(int next) {
        column++;
        if (next == '\n') {
            column = 0;
            line++;
        }
        mark(column);
        while (!step(next)) {
            // The byte ended the previous token and was not part of it. QEMU counts it twice then.
            mark(column + 1);
        }
        if (length > longest || outOfRoom) {
            emit(TokenType.TOO_LONG);
        }
    }

    private void mark(long at) {
        if (state == State.START) {
            tokenLine = line;
            tokenColumn = at;
        }
    }

    /** Advances by one state; returns false when the byte has to be processed again. */
    private boolean step(int next) {
        return switch (state) {
            case START -> start(next);
            case DOUBLE_QUOTED -> quoted(next, '"', State.DOUBLE_QUOTED, State.DOUBLE_QUOTED_ESCAPE);
            case SINGLE_QUOTED -> quoted(next, '\'', State.SINGLE_QUOTED, State.SINGLE_QUOTED_ESCAPE);
            case DOUBLE_QUOTED_ESCAPE -> isText(next) ? go(next, State.DOUBLE_QUOTED) : stray(next);
            case SINGLE_QUOTED_ESCAPE -> isText(next) ? go(next, State.SINGLE_QUOTED) : stray(next);
            case SIGN -> next == '0' ? go(next, State.ZERO) : isDigit(next) ? go(next, State.DIGITS) : stray(next);
            case ZERO -> {
                if (isDigit(next)) {
                    yield stray(next);
                }
                yield next == '.' ? go(next, State.POINT) : ended(TokenType.INTEGER);
            }
            case DIGITS -> {
                if (next == '.') {
                    yield go(next, State.POINT);
                }
                yield isDigit(next) ? go(next, State.DIGITS) : exponentOr(next, TokenType.INTEGER);
            }
            case POINT -> isDigit(next) ? go(next, State.FRACTION) : stray(next);
            case FRACTION -> isDigit(next) ? go(next, State.FRACTION) : exponentOr(next, TokenType.FLOAT);
            case EXPONENT -> {
                if (next == '+' || next == '-') {
                    yield go(next, State.EXPONENT_SIGN);
                }
                yield isDigit(next) ? go(next, State.EXPONENT_DIGITS) : stray(next);
            }
            case EXPONENT_SIGN -> isDigit(next) ? go(next, State.EXPONENT_DIGITS) : stray(next);
            case EXPONENT_DIGITS -> isDigit(next) ? go(next, State.EXPONENT_DIGITS) : ended(TokenType.FLOAT);
            case KEYWORD -> isLower(next) ? go(next, State.KEYWORD) : ended(TokenType.KEYWORD);
            case RECOVERY -> {
                boolean again = (next < 0x20 && next != '\t') || next >= 0xfe || "{}[]:,".indexOf(next) >= 0;
                if (again) {
                    state = State.START;
                }
                yield !again;
            }
        };
    }

    private boolean start(int next) {
        return switch (next) {
            case ' ', '\t', '\r', '\n' -> true;
            case '"' -> go(next, State.DOUBLE_QUOTED);
            case '\'' -> go(next, State.SINGLE_QUOTED);
            case '-' -> go(next, State.SIGN);
            case '0' -> go(next, State.ZERO);
            case '{' -> last(next, TokenType.OBJECT_BEGIN);
            case '}' -> last(next, TokenType.OBJECT_END);
            case '[' -> last(next, TokenType.ARRAY_BEGIN);
            case ']' -> last(next, TokenType.ARRAY_END);
            case ':' -> last(next, TokenType.COLON);
            case ',' -> last(next, TokenType.COMMA);
            default -> {
                if (isDigit(next)) {
                    yield go(next, State.DIGITS);
                }
                yield isLower(next) ? go(next, State.KEYWORD) : stray(next);
            }
        };
    }

    private boolean quoted(int next, int quote, State inside, State escape) {
        if (next == quote) {
            return last(next, TokenType.STRING);
        }
        if (next == '\\') {
            return go(next, escape);
        }
        return isText(next) ? go(next, inside) : stray(next);
    }

    private boolean exponentOr(int next, TokenType type) {
        return (next == 'e' || next == 'E') ? go(next, State.EXPONENT) : ended(type);
    }

    private boolean go(int next, State to) {
        append(next);
        state = to;
        return true;
    }

    private boolean last(int next, TokenType type) {
        append(next);
        emit(type);
        return true;
    }

    private boolean ended(TokenType type) {
        emit(type);
        return false;
    }

    private boolean stray(int next) {
        append(next);
        emit(TokenType.STRAY);
        state = State.RECOVERY;
        return true;
    }

    private void emit(TokenType type) {
        sink.accept(new Token(type, bytes, length, tokenLine, tokenColumn));
        if (bytes.length > SMALL) {
            bytes = new byte[SMALL];
        }
        length = 0;
        outOfRoom = false;
        state = State.START;
    }

    private void append(int next) {
        if (length == bytes.length) {
            int larger = Math.min(2 * length, longest + 1);
            if (!room.test(larger)) {
                outOfRoom = true;
                return;
            }
            bytes = Arrays.copyOf(bytes, larger);
        }
        bytes[length++] = (byte) next;
    }

    private static boolean isText(int next) {
        return next >= 0x20 && next < 0xfe;
    }

    private static boolean isDigit(int next) {
        return next >= '0' && next <= '9';
    }

    private static boolean isLower(int next) {
        return next >= 'a' && next <= 'z';
    }
}
