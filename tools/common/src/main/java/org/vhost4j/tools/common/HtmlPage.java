// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.common;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/**
 * The parts that all HTML pages of this program share: the head, and an inline style sheet with the reader's light or dark colour scheme.
 */
public final class HtmlPage {
    private HtmlPage() {}

    /**
     * Creates a self-contained page, without scripts, external files or network access.
     *
     * @param title the title, as plain text
     * @param style rules in addition to those that all pages share, whose colours are {@code --ink}, {@code --soft},
     *     {@code --line}, {@code --paper}, {@code --wash}, {@code --good} and {@code --bad}
     * @param body the content of the page, as HTML
     * @return an HTML document, to be stored as UTF-8
     */
    public static String of(String title, String style, String body) {
        return """
                <!DOCTYPE html>
                <html lang="en">
                <head>
                <meta charset="utf-8">
                <meta name="viewport" content="width=device-width, initial-scale=1">
                <title>%s</title>
                <style>
                %s%s</style>
                </head>
                <body>
                %s</body>
                </html>
                """.formatted(escape(title), resource(HtmlPage.class, "page.css"), style, body);
    }

    /**
     * Reads a style sheet from the class path.
     *
     * @param beside the class in whose package the file is
     * @param name the name of the file
     * @return the text of the file
     */
    public static String resource(Class<?> beside, String name) {
        try (InputStream in = beside.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("the archive lacks " + name);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Escapes text for HTML, in an element or in a quoted attribute.
     *
     * @param plain any text
     * @return the text with character entities
     */
    public static String escape(String plain) {
        return plain.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }
}
