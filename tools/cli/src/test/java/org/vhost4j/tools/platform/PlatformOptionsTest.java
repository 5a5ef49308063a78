// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.platform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.platform.definition.DeviceCapabilities;
import org.vhost4j.platform.definition.GuestAbi;
import org.vhost4j.platform.definition.MissingPolicy;
import org.vhost4j.platform.definition.Request;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostCapabilitiesJson;
import org.vhost4j.platform.probe.HostCapability;
import org.vhost4j.tools.common.UnsupportedOption;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.ParameterException;

final class PlatformOptionsTest {
    @Command
    private static final class Program {
        @Mixin
        private PlatformOptions options = new PlatformOptions();
    }

    private static PlatformOptions parse(String... arguments) {
        Program program = new Program();
        new CommandLine(program).parseArgs(arguments);
        return program.options;
    }

    private static Request request(PlatformOptions options) {
        return options.request(
                DeviceCapabilities.vhost4j(1, OptionalInt.empty()), HostCapabilities.NOT_PROBED, Set.of());
    }

    @Test
    void qemusSpellingAndOursMeanTheSame() {
        assertThat(request(parse("-platform", "linux-6.1", "-machine", "q35")))
                .isEqualTo(request(parse("--platform=linux-6.1", "--machine=q35")));
        Request request = request(parse("--set", "host_uso=off,guest_uso4=off", "--set=mq=off", "--missing=emulate"));
        assertThat(request.settings())
                .containsOnlyKeys("host_uso", "guest_uso4", "mq")
                .containsEntry("mq", "off");
        assertThat(request.missing()).isEqualTo(MissingPolicy.EMULATE);
        assertThat(request.platform()).isEmpty();
    }

    @Test
    void wrongPolicyIsNamed() {
        assertThatThrownBy(() -> parse("--missing=ignore"))
                .isInstanceOf(ParameterException.class)
                .hasMessageContaining("accepts refuse or emulate, not 'ignore'");
    }

    @Test
    void hostCanBeAFile(@TempDir Path directory) throws IOException {
        HostCapabilities other = HostCapabilities.imagined("other", Set.of(HostCapability.TAP));
        Path file = directory.resolve("other.json");
        Files.writeString(file, HostCapabilitiesJson.write(other));
        PlatformOptions options = parse("--host-capabilities", file.toString(), "-platform", "help");
        assertThat(options.host()).isEqualTo(other);
        assertThat(options.help(options.catalog()).orElseThrow())
                .startsWith("Supported platforms are:")
                .contains("not supported: lacks tap-vnet-hdr");
        assertThat(parse("-machine", "help").help(options.catalog()).orElseThrow())
                .startsWith("Supported machines are:");
        assertThat(parse().help(options.catalog())).isEmpty();
    }

    @Test
    void unexpectedAbiIsRefusedWithEveryDifference() {
        GuestAbi abi = new GuestAbi(FeatureSet.of(Feature.CSUM, Feature.HOST_USO), 1, 32768, 0, 24);
        GuestAbi other = new GuestAbi(FeatureSet.of(Feature.CSUM), 2, 32768, 0, 24);
        assertThatCode(() -> parse("--expect-abi", abi.fingerprint()).checkAbi(abi))
                .doesNotThrowAnyException();
        assertThatCode(() -> parse().checkAbi(abi)).doesNotThrowAnyException();
        assertThatThrownBy(() -> parse("--expect-abi", abi.fingerprint()).checkAbi(other))
                .isInstanceOf(UnsupportedOption.class)
                .hasMessage("Guests would not see the expected ABI: expected and not offered: HOST_USO; queue pairs:"
                        + " expected 1, is 2.");
        assertThatThrownBy(() -> parse("--expect-abi", "x").checkAbi(abi))
                .isInstanceOf(UnsupportedOption.class)
                .hasMessageStartingWith("--expect-abi: 'x' is not an ABI fingerprint");
    }
}
