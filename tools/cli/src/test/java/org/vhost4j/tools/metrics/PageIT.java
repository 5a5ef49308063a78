// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.sys.Await;
import tools.jackson.databind.JsonNode;

/** Tests the page in a real browser, with a back-end in this process. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
final class PageIT {
    private static final int WIDE = 1200;
    private static final int NARROW = 420;

    /** WCAG 2.2, 1.4.3: of text with its background. */
    private static final double LEAST_CONTRAST = 4.5;

    /** The least contrast of any text of the page, and that text. */
    private static final String CONTRAST = """
        const channel = (c) => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
        const light = ([r, g, b]) => 0.2126 * channel(r / 255) + 0.7152 * channel(g / 255) + 0.0722 * channel(b / 255);
        const parse = (text) => (text.match(/[0-9.]+/g) || []).map(Number);
        const opaque = (text) => { const c = parse(text); return c.length === 3 || c[3] === 1; };
        const behind = (node) => {
          for (let at = node; at; at = at.parentElement) {
            const colour = getComputedStyle(at).backgroundColor;
            if (opaque(colour)) return parse(colour);
          }
          return [255, 255, 255];
        };
        let least = 99;
        let which = "";
        for (const node of document.querySelectorAll("body *")) {
          const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim());
          if (!own || !node.getClientRects().length || ["SCRIPT", "NOSCRIPT", "OPTION"].includes(node.tagName)) continue;
          const style = getComputedStyle(node);
          const svg = node.ownerSVGElement;
          const front = light(parse(svg ? style.fill : style.color));
          const back = light(behind(svg ? document.body : node));
          const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
          if (ratio < least) { least = ratio; which = node.tagName + "." + (node.getAttribute("class") || "") + ": " + node.textContent; }
        }
        return [least, which];
        """;

    /** What can be operated and has no name for a screen reader. */
    private static final String NAMELESS = """
        return [...document.querySelectorAll("a, button, select, summary, section, [tabindex='0']")]
          .filter((node) => !(node.getAttribute("aria-label") || node.getAttribute("aria-labelledby") || node.textContent.trim()))
          .map((node) => node.outerHTML);
        """;

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path directory;

    @SuppressWarnings("NullAway.Init")
    private MetricsFixture fixture;

    @SuppressWarnings("NullAway.Init")
    private Browser browser;

    @BeforeEach
    void start() throws IOException, InterruptedException {
        fixture = new MetricsFixture(directory);
        browser = new Browser();
    }

    @AfterEach
    void end() throws IOException, InterruptedException {
        browser.close();
        fixture.close();
    }

    private void open(int width, boolean dark) throws Exception {
        browser.open(fixture.page(), width, dark);
        Await.until(
                "the page is drawn",
                () -> browser.run("return document.querySelectorAll('#rows tr').length")
                                .asInt()
                        == 3);
    }

    private String text(String selector) throws IOException, InterruptedException {
        return browser.run("return document.querySelector('" + selector + "').innerText.replace(/\\s+/g, ' ')")
                .asString();
    }

    @Test
    void thePageShowsWhatIsThere() throws Exception {
        open(WIDE, false);
        assertThat(text("#bridge-text")).isEqualTo("2 guests, 1 running, 1 other port; 1 station known.");
        assertThat(browser.run("return document.querySelectorAll('#bridge svg a').length")
                        .asInt())
                .isEqualTo(3);
        assertThat(text("#port-guest0")).startsWith("guest0").contains("running", "60 B in all");
        assertThat(text("#port-guest1")).contains("waits for a front-end", "1 frame");
        assertThat(text("#port-stream\\\\:peer\\\\.sock")).contains("stream", "up", "1 frame");
        assertThat(text("#features"))
                .contains("CSUM ● yes platform · linux-6.0 (from linux-3.18) ● yes", "MRG_RXBUF", "guest0")
                .doesNotContain("STANDBY");
        assertThat(text("#stations"))
                .matches("Address VLAN Port Heard 52:54:00:00:00:07 – guest0 (now|[0-9]+ (s|min) ago)");
        assertThat(text("#events")).contains("front-end attached");
        assertThat(text("#promise")).contains("linux-6.0", "pc-q35-11.1");
        // With a second interval there is a line to draw.
        assertThat(browser.run("return document.querySelectorAll('#plot svg text').length")
                        .asInt())
                .isEqualTo(5);
        assertThat(browser.console()).as("what the browser's console said").isEmpty();
    }

    @Test
    void everyTextCanBeReadInLightAndDark() throws Exception {
        List<String> papers = new ArrayList<>();
        for (boolean dark : new boolean[] {false, true}) {
            for (int width : new int[] {WIDE, NARROW}) {
                open(width, dark);
                JsonNode least = browser.run(CONTRAST);
                assertThat(least.get(0).asDouble())
                        .as(least.get(1).asString())
                        .isGreaterThanOrEqualTo(LEAST_CONTRAST)
                        .isLessThan(22);
            }
            papers.add(browser.run("return getComputedStyle(document.body).backgroundColor")
                    .asString());
        }
        assertThat(papers).doesNotHaveDuplicates();
    }

    @Test
    void aNarrowWindowIsNotScrolledSideways() throws Exception {
        open(NARROW, false);
        assertThat(browser.run("return document.documentElement.scrollWidth").asInt())
                .isEqualTo(NARROW);
        // As many ports as a large host has, with long names and large numbers.
        JsonNode unused = browser.run("""
            paused = true;
            const first = state.ports[0];
            for (let i = 0; i < 40; i++) {
              const port = structuredClone(first);
              port.name = "a-guest-with-a-rather-long-name-" + i;
              port.in.bytesPerSecond = 4e11;
              port.drops = [{ reason: "the guest has posted no buffers", frames: 123456789012 }];
              state.ports.push(port);
            }
            draw();
            """);
        assertThat(browser.run("return document.querySelectorAll('#bridge svg a').length")
                        .asInt())
                .isEqualTo(43);
        assertThat(browser.run("return document.documentElement.scrollWidth").asInt())
                .isEqualTo(NARROW);
    }

    @Test
    void theKeyboardAndScreenReadersReachEverything() throws Exception {
        open(WIDE, false);
        assertThat(browser.run(NAMELESS)).isEmpty();
        assertThat(browser.run("return document.documentElement.lang").asString())
                .isEqualTo("en");
        List<String> reached = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            browser.tab();
            reached.add(
                    browser.run("const at = document.activeElement; return at.dataset.port || at.id || at.className")
                            .asString());
        }
        assertThat(reached).containsSubsequence("skip", "pause", "guest0", "shown");
        JsonNode unused = browser.run("document.getElementById('pause').click()");
        assertThat(text("#live")).isEqualTo("Paused");
        assertThat(browser.run("return document.getElementById('pause').getAttribute('aria-pressed')")
                        .asString())
                .isEqualTo("true");
    }

    @Test
    void namesAreTextAndNeverMarkup() throws Exception {
        open(WIDE, false);
        JsonNode unused = browser.run("""
            paused = true;
            state.ports[0].name = "<img src=x onerror=document.title='caught'>";
            state.events.push({ time: 1, who: "<b>x</b>", what: "<script>document.title='caught'</script>" });
            draw();
            """);
        assertThat(browser.run("return document.querySelectorAll('main img, main script, main .who b').length")
                        .asInt())
                .isZero();
        assertThat(browser.run("return document.title").asString()).doesNotContain("caught");
        assertThat(text("#rows")).contains("<img src=x");
    }
}
