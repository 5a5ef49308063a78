// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp.schema;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A type of the schema. */
public sealed interface SchemaType {
    /**
     * Returns the name of the type in the schema.
     *
     * @return the name, in brackets for a list
     */
    String title();

    /** A built-in type. */
    enum Builtin implements SchemaType {
        /** A string. */
        STR("str", "string"),
        /** A signed 64-bit integer. */
        INT("int", "int"),
        /** True or false. */
        BOOL("bool", "boolean"),
        /** Any value. */
        ANY("any", "value");

        private final String word;
        private final String jsonType;

        Builtin(String word, String jsonType) {
            this.word = word;
            this.jsonType = jsonType;
        }

        /**
         * Returns the JSON type of the values.
         *
         * @return a value of JSONType
         */
        public String jsonType() {
            return jsonType;
        }

        @Override
        public String title() {
            return word;
        }
    }

    /**
     * An enumeration.
     *
     * @param name the name of the type
     * @param values the names of the values
     */
    record Enumeration(String name, List<String> values) implements SchemaType {
        /** Copies the list. */
        public Enumeration {
            values = List.copyOf(values);
        }

        @Override
        public String title() {
            return name;
        }
    }

    /**
     * A list.
     *
     * @param element the type of its elements
     */
    record Array(SchemaType element) implements SchemaType {
        @Override
        public String title() {
            return "[" + element.title() + "]";
        }
    }

    /**
     * A struct or a union.
     *
     * @param name the name of the type
     * @param members the members, those of the base first
     * @param tag the member that selects the variant, for a union
     * @param variants the additional members by the value of the tag
     */
    record Struct(String name, List<Member> members, Optional<String> tag, Map<String, Struct> variants)
            implements SchemaType {
        /** Copies the collections. */
        public Struct {
            members = List.copyOf(members);
            variants = Collections.unmodifiableMap(new LinkedHashMap<>(variants));
        }

        @Override
        public String title() {
            return name;
        }
    }
}
