// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vhost4j.bench.Children;
import org.vhost4j.bench.Testpmd;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.ChainShape;
import org.vhost4j.frontend.DirtyLog;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.frontend.Postcopy;
import org.vhost4j.frontend.Ram;
import org.vhost4j.frontend.RamSetup;
import org.vhost4j.frontend.Rendezvous;
import org.vhost4j.tools.SourceTree;
import org.vhost4j.tools.negotiate.NegotiateCommand;
import org.vhost4j.tools.probe.ProbeCommand;
import org.vhost4j.vhostuser.wire.ProtocolFeature;
import picocli.CommandLine;

/**
 * Tests the front-end with a back-end from another project: DPDK's {@code net_vhost} in dpdk-testpmd, which returns
 * frames unchanged.
 */
class DpdkBackEndIT {
    private static final Duration START = Duration.ofSeconds(60);
    private static final int BUFFERS = 8;

    @TempDir
    private Path directory;

    private final StringWriter out = new StringWriter();
    private Children children;

    @BeforeAll
    static void dpdkIsThere() {
        Children.require(Testpmd.PROGRAM, Testpmd.REMEDY);
    }

    @BeforeEach
    void begin() throws IOException {
        children = new Children();
    }

    @AfterEach
    void end() {
        children.close();
    }

    private Path socket() {
        return directory.resolve("dpdk.sock");
    }

    private Testpmd start(String... options) throws IOException {
        return Testpmd.backEnd(children, 0, socket(), "io", options);
    }

    private int run(Callable<Integer> command, String... arguments) {
        CommandLine line = new CommandLine(command);
        line.setOut(new PrintWriter(out));
        return line.execute(arguments);
    }

    private static NetSetup setup(boolean packed) {
        NetSetup setup = NetSetup.full()
                .without(Feature.HOST_ECN)
                .in(RamSetup.APART)
                .receive(ChainShape.TOGETHER, NetSetup.PLAIN_FRAME_BYTES, BUFFERS);
        return packed ? setup.packed() : setup;
    }

    private static void roundTrips(NetDriver driver, int frames) {
        for (int i = 0; i < frames; i++) {
            byte[] frame = PacketBuilder.udp4().payload(200 + i, i).complete();
            driver.send(0, frame, DriverHeader.PLAIN, ChainShape.TOGETHER);
            assertThat(driver.receive().bytes()).isEqualTo(frame);
        }
    }

    @Test
    void probeNamesWhatItOffersAndWhatItsOfferBreaks() throws IOException {
        try (Testpmd testpmd = start()) {
            assertThat(testpmd.version()).startsWith("DPDK");
            assertThat(run(new ProbeCommand(), socket().toString())).isEqualTo(1);
            assertThat(out.toString())
                    .contains(
                            "RING_PACKED IN_ORDER", "LOG_SHMFD RARP REPLY_ACK", "HOST_ECN needs HOST_TSO4 or HOST_TSO6")
                    .containsPattern("config space +not the back-end's")
                    .containsPattern("linux-6.2 +HOST_TSO4 HOST_TSO6");
        }
    }

    @Test
    void theDocumentationShowsItsProbe() throws IOException {
        List<String> shown = Files.readString(SourceTree.ROOT.resolve("docs/harness.md"))
                .lines()
                .dropWhile(line -> !line.startsWith("    features "))
                .takeWhile(line -> !line.isEmpty())
                .map(String::strip)
                .toList();
        assertThat(shown).hasSizeGreaterThan(5);
        try (Testpmd testpmd = start()) {
            // The page has the answers of this series; another one offers more.
            assumeTrue(testpmd.version().startsWith("DPDK 22.11"), testpmd.version());
            run(new ProbeCommand(), socket().toString());
        }
        for (String line : shown) {
            assertThat(out.toString()).containsPattern(pattern(line));
        }
    }

    /** A line of output with any number of spaces and line breaks between words; {@code ...} stands for omitted words. */
    private static String pattern(String line) {
        return Stream.of(line.split(" +"))
                .map(word -> word.equals("...") ? ".*?" : Pattern.quote(word))
                .collect(Collectors.joining("\\s*", "(?ms)^ *", "\\s*$"));
    }

    @Test
    void everyCombinationIsSound() throws IOException {
        try (Testpmd testpmd = start("iommu-support=1")) {
            assertThat(testpmd.version()).startsWith("DPDK");
            assertThat(run(new NegotiateCommand(), socket().toString(), "--matrix", "--loop=echo"))
                    .as(out.toString())
                    .isZero();
            assertThat(out.toString()).containsPattern("([0-9]+) of \\1 combinations tried");
        }
    }

    @Test
    void itConnectsToAFrontEndThatListens() throws IOException {
        try (Rendezvous rendezvous = Rendezvous.listening(socket());
                Testpmd testpmd = start("client=1");
                NetDriver driver = NetDriver.attach(rendezvous.connect(START), setup(false))) {
            assertThat(testpmd.version()).startsWith("DPDK");
            roundTrips(driver, 20);
        }
    }

    /** It has no slots: each change is a new table, for which it stops the device for a moment. */
    @ParameterizedTest(name = "packed {0}")
    @ValueSource(booleans = {false, true})
    void regionsComeAndGo(boolean packed) throws IOException {
        try (Testpmd testpmd = start();
                NetDriver driver = NetDriver.attach(socket(), setup(packed))) {
            assertThat(testpmd.version()).startsWith("DPDK");
            roundTrips(driver, BUFFERS + 1);
            Ram plugged = driver.guestRam().plug(4 << 20);
            driver.sendFrom(0, plugged);
            driver.receiveInto(0, plugged);
            roundTrips(driver, 2 * BUFFERS);
            assertThat(driver.receiveBuffersIn(0, plugged)).isEqualTo(BUFFERS);
            driver.sendFrom(0, driver.guestRam().regions().get(2));
            driver.receiveInto(0, driver.guestRam().regions().get(1));
            roundTrips(driver, 2 * BUFFERS);
            assertThat(driver.receiveBuffersIn(0, plugged)).isZero();
            driver.guestRam().unplug(plugged);
            roundTrips(driver, BUFFERS + 1);
        }
    }

    @ParameterizedTest(name = "packed {0}")
    @ValueSource(booleans = {false, true})
    void everyPageThatItWritesIsInTheLog(boolean packed) throws IOException {
        try (Testpmd testpmd = start();
                NetDriver driver = NetDriver.attach(socket(), setup(packed).withProtocol(ProtocolFeature.LOG_SHMFD));
                DirtyLog log = DirtyLog.create(1L << 35)) {
            assertThat(testpmd.version()).startsWith("DPDK");
            roundTrips(driver, 3);
            assertThat(log.pages()).isEmpty();
            log.begin(driver);
            driver.recordWrites();
            roundTrips(driver, 40);
            driver.awaitSent();
            assertThat(driver.writes()).hasSizeGreaterThan(40);
            assertThat(log.lost(driver)).as("pages that a migration would lose").isEmpty();
            // What only the driver writes is not marked.
            assertThat(log.marked(driver.guestRam().regions().get(2).guestAddress()))
                    .isFalse();
            log.end(driver);
            log.clear();
            assertThat(log.pages()).isEmpty();
            roundTrips(driver, 3);
            assertThat(log.pages()).isEmpty();
        }
    }

    /** Buffers that were filled before the guest moved are fetched when the back-end touches them, and not before. */
    @ParameterizedTest(name = "packed {0}")
    @ValueSource(booleans = {false, true})
    void memoryArrivesWhenItIsTouched(boolean packed) throws IOException {
        try (Testpmd testpmd = start(Testpmd.POSTCOPY);
                NetDriver driver = NetDriver.negotiated(
                        FrontEnd.connect(socket()), setup(packed).withProtocol(ProtocolFeature.PAGEFAULT));
                Postcopy postcopy = Postcopy.advise(driver.frontEnd())) {
            assertThat(testpmd.version()).startsWith("DPDK");
            postcopy.listen();
            List<byte[]> frames = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                frames.add(PacketBuilder.udp4().payload(500, i).complete());
                driver.send(frames.get(i));
            }
            List<Ram> regions = driver.guestRam().regions();
            for (Ram buffers : regions.subList(1, 3)) {
                postcopy.withhold(buffers, 0, buffers.bytes());
            }
            driver.start(() -> postcopy.share(regions));
            for (byte[] frame : frames) {
                assertThat(driver.receive().bytes()).isEqualTo(frame);
            }
            // One page at least of each frame that was sent, and one of those that came.
            assertThat(postcopy.served()).isGreaterThanOrEqualTo(6);
            postcopy.end();
            roundTrips(driver, 20);
        }
    }
}
