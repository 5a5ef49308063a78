// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.start;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Tests which words of a command line are options of a platform, and which only look like them. */
final class GivenOptionsTest {
    private static List<String> forQemu(String... words) {
        return new GivenOptions(List.of(words)).forQemu(List.of(), Map.of());
    }

    @Test
    void onlyThePlatformIsTakenAway() {
        assertThat(forQemu("-S", "-platform", "linux-6.9", "disk.img", "--platform", "x", "-no-reboot"))
                .containsExactly("-S", "disk.img", "-no-reboot");
        assertThat(new GivenOptions(List.of("-S", "-platform", "linux-6.9")).platforms())
                .containsExactly("linux-6.9");
    }

    @Test
    void whatIsAnotherOptionsValueStays() {
        String[] words = {"-append", "-platform", "-name", "--platform", "-D", "-machine", "-daemonize", "-", "--", ""};
        assertThat(forQemu(words)).containsExactly(words);
        assertThat(new GivenOptions(List.of(words)).named("machine")).isEmpty();
    }

    /** Of an option that came with a later QEMU it is not known whether it has a value. */
    @Test
    void anUnknownOptionTakesNoOptionForItsValue() {
        GivenOptions options =
                new GivenOptions(List.of("-new-switch", "-platform", "a", "-new-option", "value", "-M", "q35"));
        assertThat(options.platforms()).containsExactly("a");
        assertThat(options.named("machine"))
                .hasSize(1)
                .first()
                .extracting(option -> option.value("type"))
                .isEqualTo("q35");
    }

    @Test
    void aPlatformWithoutANameIsSeen() {
        assertThat(new GivenOptions(List.of("-S", "-platform")).platformWithoutName())
                .isTrue();
        assertThat(new GivenOptions(List.of("-platform", "x")).platformWithoutName())
                .isFalse();
    }

    @Test
    void valuesComeInWordsOrAsJson() {
        assertThat(KeyValues.of("tap,id=n0,ifname=a,,b,vhost,novnet_hdr", "type"))
                .containsExactly(
                        Map.entry("type", "tap"),
                        Map.entry("id", "n0"),
                        Map.entry("ifname", "a,b"),
                        Map.entry("vhost", "on"),
                        Map.entry("vnet_hdr", "off"));
        assertThat(KeyValues.of("id=n0,type=tap", "type")).containsEntry("type", "tap");
        assertThat(KeyValues.of("{\"type\":\"tap\",\"vhost\":true,\"fd\":\"7\",\"queues\":2,\"x\":{}}", "type"))
                .isEqualTo(Map.of("type", "tap", "vhost", "on", "fd", "7", "queues", "2"));
        assertThat(KeyValues.of("{broken", "type")).isEmpty();
        assertThat(KeyValues.of("", "type")).isEmpty();
    }

    @Test
    void aMachinesNameIsReplacedWhereItStands() {
        assertThat(KeyValues.replace("a_b,accel=tcg", "type", "a_b", "a")).isEqualTo("a,accel=tcg");
        assertThat(KeyValues.replace("accel=tcg,type=a_b,x=a_b", "type", "a_b", "a"))
                .isEqualTo("accel=tcg,type=a,x=a_b");
        assertThat(KeyValues.replace("a_b", "type", "a_b", "a")).isEqualTo("a");
    }
}
