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
     * What the schema calls it.
     *
     * @return the name, in brackets for a list
     */
    String title();

    /** A type that every schema has. */
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
         * What the type is on the wire.
         *
         * @return JSONType's word
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
     * @param name its name
     * @param values its values
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
     * @param name its name
     * @param members its members, those of its base first
     * @param tag the member that decides between variants, for a union
     * @param variants the further members by the tag's value
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
