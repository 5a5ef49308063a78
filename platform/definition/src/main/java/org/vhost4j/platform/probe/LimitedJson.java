// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.probe;

import org.vhost4j.sys.PrintableText;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads JSON of unknown origin: refuses duplicate members, trailing text, and documents that would need much more
 * memory than their text, such as a hundred thousand empty arrays.
 */
public final class LimitedJson {
    private static final int MOST_DEPTH = 32;
    private static final int MOST_STRING_CHARACTERS = 64 << 10;
    private static final int MOST_NAME_CHARACTERS = 256;
    private static final int MOST_NUMBER_CHARACTERS = 100;

    private LimitedJson() {}

    /**
     * Creates a reader.
     *
     * @param mostTokens maximum number of tokens of a document: brackets, member names and values
     * @return the reader; it throws {@link JacksonException} for documents that it refuses
     */
    public static JsonMapper reader(long mostTokens) {
        StreamReadConstraints limits = StreamReadConstraints.builder()
                .maxNestingDepth(MOST_DEPTH)
                .maxStringLength(MOST_STRING_CHARACTERS)
                .maxNameLength(MOST_NAME_CHARACTERS)
                .maxNumberLength(MOST_NUMBER_CHARACTERS)
                .maxTokenCount(mostTokens)
                .build();
        return JsonMapper.builder(
                        JsonFactory.builder().streamReadConstraints(limits).build())
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .build();
    }

    /**
     * Returns the problem of a document, without the names of Jackson's methods and without control characters.
     *
     * @param refusal exception of the reader
     * @return one clause
     */
    public static String reason(JacksonException refusal) {
        return PrintableText.of(String.valueOf(refusal.getOriginalMessage()).replaceAll(", from `[^`]*`", ""));
    }
}
