// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp.wire;

import java.math.BigInteger;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** Assembles values from tokens, without lookahead: a value is complete with its last token. */
final class JsonAssembler {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    private static final BigInteger TWO_TO_64 = BigInteger.ONE.shiftLeft(64);
    /** A number of digits that no 64-bit number has. */
    private static final int MANY_DIGITS = 21;

    private enum Expected {
        VALUE,
        VALUE_OR_END,
        KEY,
        KEY_OR_END,
        COLON,
        SEPARATOR_OR_END
    }

    /** An array or object that is not complete. */
    private static final class Open {
        private final JsonNode node;
        private Expected expected;
        private String key = "";

        private Open(JsonNode node, Expected expected) {
            this.node = node;
            this.expected = expected;
        }
    }

    private final Deque<Open> open = new ArrayDeque<>();

    /** Discards the incomplete value. */
    void reset() {
        open.clear();
    }

    /** Processes a token; returns a value when the token completes one. */
    Optional<JsonNode> feed(Token token) throws BrokenJson {
        Open top = open.peek();
        if (top == null) {
            return value(token);
        }
        return switch (top.expected) {
            case VALUE -> value(token);
            case VALUE_OR_END -> token.type() == TokenType.ARRAY_END ? close(token) : value(token);
            case KEY -> key(top, token);
            case KEY_OR_END -> token.type() == TokenType.OBJECT_END ? close(token) : key(top, token);
            case COLON -> {
                if (token.type() != TokenType.COLON) {
                    throw new BrokenJson(token, "expecting ':'");
                }
                top.expected = Expected.VALUE;
                yield Optional.empty();
            }
            case SEPARATOR_OR_END -> separator(top, token);
        };
    }

    private static Optional<JsonNode> key(Open top, Token token) throws BrokenJson {
        if (token.type() != TokenType.STRING) {
            throw new BrokenJson(token, "expecting key");
        }
        top.key = StringToken.unquote(token);
        top.expected = Expected.COLON;
        return Optional.empty();
    }

    private Optional<JsonNode> separator(Open top, Token token) throws BrokenJson {
        boolean object = top.node.isObject();
        if (token.type() == TokenType.COMMA) {
            top.expected = object ? Expected.KEY : Expected.VALUE;
            return Optional.empty();
        }
        if (token.type() != (object ? TokenType.OBJECT_END : TokenType.ARRAY_END)) {
            throw new BrokenJson(token, object ? "expected ',' or '}'" : "expected ',' or ']'");
        }
        return close(token);
    }

    private Optional<JsonNode> value(Token token) throws BrokenJson {
        return switch (token.type()) {
            case OBJECT_BEGIN -> {
                open.push(new Open(NODES.objectNode(), Expected.KEY_OR_END));
                yield Optional.empty();
            }
            case ARRAY_BEGIN -> {
                open.push(new Open(NODES.arrayNode(), Expected.VALUE_OR_END));
                yield Optional.empty();
            }
            case STRING -> complete(token, NODES.stringNode(StringToken.unquote(token)));
            case INTEGER -> complete(token, integer(token.text()));
            case FLOAT -> complete(token, NODES.numberNode(Double.parseDouble(token.text())));
            case KEYWORD -> complete(token, keyword(token));
            default -> throw new BrokenJson(token, "expecting value");
        };
    }

    private Optional<JsonNode> close(Token token) throws BrokenJson {
        return complete(token, open.pop().node);
    }

    private Optional<JsonNode> complete(Token token, JsonNode value) throws BrokenJson {
        @Nullable Open top = open.peek();
        if (top == null) {
            return Optional.of(value);
        }
        if (top.node instanceof ObjectNode object) {
            if (object.has(top.key)) {
                throw new BrokenJson(token, "duplicate key");
            }
            object.set(top.key, value);
        } else {
            ((ArrayNode) top.node).add(value);
        }
        top.expected = Expected.SEPARATOR_OR_END;
        return Optional.empty();
    }

    /** Parses a number: as a signed 64-bit number if it fits, otherwise as an unsigned one, otherwise as a double. */
    private static JsonNode integer(String text) {
        if (text.length() <= MANY_DIGITS) {
            BigInteger value = new BigInteger(text);
            if (value.bitLength() < Long.SIZE) {
                return NODES.numberNode(value.longValue());
            }
            if (value.signum() > 0 && value.compareTo(TWO_TO_64) < 0) {
                return NODES.numberNode(value);
            }
        }
        return NODES.numberNode(Double.parseDouble(text));
    }

    private static JsonNode keyword(Token token) throws BrokenJson {
        String word = token.text();
        return switch (word) {
            case "true" -> NODES.booleanNode(true);
            case "false" -> NODES.booleanNode(false);
            case "null" -> NODES.nullNode();
            default -> throw BrokenJson.quoting(token, "invalid keyword");
        };
    }
}
