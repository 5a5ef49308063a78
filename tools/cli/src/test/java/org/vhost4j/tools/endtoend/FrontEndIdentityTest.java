// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.FrontEndException;
import org.vhost4j.frontend.FrontEndSocket;
import org.vhost4j.frontend.RawMessage;
import org.vhost4j.sys.Await;
import org.vhost4j.sys.SocketPair;
import org.vhost4j.tools.endtoend.isolation.ChildBackEnd;
import org.vhost4j.vhostuser.server.Attach;
import org.vhost4j.vhostuser.server.Backend;
import org.vhost4j.vhostuser.server.BackendConfig;
import org.vhost4j.vhostuser.server.Endpoint;
import org.vhost4j.vhostuser.server.SilentListener;
import org.vhost4j.vhostuser.server.Switching;
import org.vhost4j.vhostuser.wire.MessageHeader;
import org.vhost4j.vhostuser.wire.Request;

/**
 * Tests the identification of a front-end's process: it is the one that sends the first message, not the one that
 * opened the socket. A back-end that offers fewer features rejects the same process, and serves another one.
 */
@Timeout(60)
class FrontEndIdentityTest {
    private static final FeatureSet WHOLE = TestBackEnd.OFFERED;
    private static final FeatureSet LESS = WHOLE.minus(FeatureSet.of(Feature.HOST_UFO, Feature.GUEST_UFO));
    private static final String REFUSAL =
            "it was offered GUEST_UFO HOST_UFO (0x4400) by platform new, its guest may acknowledge that at its next reset";

    @TempDir
    Path directory;

    private Path socket() {
        return directory.resolve("guest.sock");
    }

    private Path file() {
        return directory.resolve("guest.sock.acknowledged");
    }

    private TestBackEnd listening(String promise, FeatureSet offered) {
        return TestBackEnd.promising(promise, offered, Endpoint.listen(socket(), Attach.AUTO));
    }

    private TestBackEnd connecting(String promise, FeatureSet offered) {
        return TestBackEnd.promising(promise, offered, Endpoint.connect(socket(), Attach.AUTO));
    }

    private void awaitProcess(String number) {
        Await.until("the process is kept", () -> {
            try {
                return Files.exists(file())
                        && Files.readString(file()).matches("(?s).*\nprocess \\S+ [0-9]+ " + number + " [0-9]+\n.*");
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
    }

    @Test
    void oneListenerAndFrontEndsOneAfterTheOther() throws Exception {
        try (FrontEndProcess listener = FrontEndProcess.start("listen", socket().toString())) {
            assertThat(listener.line()).isEqualTo("ready");
            listener.command("child");
            try (TestBackEnd first = connecting("platform new", WHOLE)) {
                assertThat(listener.line()).isEqualTo("spoke");
                assertThat(first.hasSaid("offers less")).isFalse();
            }
            assertThat(Files.readString(file())).doesNotContain(" " + listener.pid() + " ");
            // The same process behind the same listener.
            try (TestBackEnd second = connecting("platform old", LESS)) {
                assertThat(listener.line()).isEqualTo("refused");
                second.awaitLine(REFUSAL, "stop the back-end and remove " + file());
                // Another one.
                listener.command("kill");
            }
            while (!"killed".equals(listener.line())) {
                // It may have tried again.
            }
            listener.command("child");
            try (TestBackEnd third = connecting("platform old", LESS)) {
                assertThat(listener.line()).isEqualTo("spoke");
                awaitProcess("[1-9][0-9]*");
                assertThat(third.hasSaid("offers less")).isFalse();
            }
        }
    }

    /** As libvirt does: it connects, and QEMU gets the descriptor. */
    @Test
    void oneProcessConnectsForAnother() throws Exception {
        try (FrontEndProcess opener = FrontEndProcess.start("connect", socket().toString())) {
            assertThat(opener.line()).isEqualTo("ready");
            try (TestBackEnd first = listening("platform new", WHOLE)) {
                opener.command("child");
                assertThat(opener.line()).isEqualTo("spoke");
                assertThat(first.hasSaid("offers less")).isFalse();
                awaitProcess("[1-9][0-9]*");
            }
            assertThat(Files.readString(file())).doesNotContain(" " + opener.pid() + " ");
            opener.command("kill");
            assertThat(opener.line()).isEqualTo("killed");
            try (TestBackEnd second = listening("platform old", LESS)) {
                opener.command("child");
                assertThat(opener.line()).isEqualTo("spoke");
                assertThat(second.hasSaid("offers less")).isFalse();
            }
        }
    }

    /** A namespace below ours: we see its processes. */
    @Test
    void aFrontEndInANamespaceBelow() throws Exception {
        List<String> unshare = List.of("unshare", "--pid", "--fork", "--mount-proc", "--kill-child");
        try (FrontEndProcess listener = FrontEndProcess.start(unshare, "listen", socket().toString())) {
            assertThat(listener.line()).isEqualTo("ready");
            listener.command("child");
            try (TestBackEnd first = connecting("platform new", WHOLE)) {
                assertThat(listener.line()).isEqualTo("spoke");
                assertThat(first.hasSaid("offers less")).isFalse();
                awaitProcess("[1-9][0-9]*");
            }
            try (TestBackEnd second = connecting("platform old", LESS)) {
                assertThat(listener.line()).isEqualTo("refused");
                second.awaitLine(REFUSAL);
            }
        }
    }

    /**
     * The back-end is in a namespace that does not have the front-end: whether it is the previous one cannot be told. It is taken for that, and
     * the line says what to do if it is not.
     */
    @Test
    void aFrontEndOutsideTheBackEndsNamespace() throws Exception {
        try (ChildBackEnd first = inNamespace();
                FrontEnd frontEnd = FrontEnd.connect(socket())) {
            assertThat(frontEnd.getFeatures() & 0x4400).isEqualTo(0x4400);
            awaitProcess("0");
            first.terminate();
        }
        try (ChildBackEnd second = inNamespace("--set=host_ufo=off", "--set=guest_ufo=off")) {
            refused();
            second.awaitLine("it was offered GUEST_UFO HOST_UFO (0x4400)", "stop the back-end and remove");
        }
        Files.delete(file());
        try (ChildBackEnd third = inNamespace("--set=host_ufo=off", "--set=guest_ufo=off");
                FrontEnd another = FrontEnd.connect(socket())) {
            assertThat(another.getFeatures() & 0x4400).isZero();
            awaitProcess("0");
            third.terminate();
        }
    }

    private ChildBackEnd inNamespace(String... options) throws IOException {
        List<String> arguments = new ArrayList<>(List.of("run", "--port=null", "--socket-path=" + socket()));
        arguments.addAll(List.of(options));
        ChildBackEnd started = ChildBackEnd.startBehind(
                List.of("unshare", "--pid", "--fork", "--mount-proc", "--kill-child"),
                directory,
                arguments.toArray(new String[0]));
        started.awaitLine("waiting for a front-end");
        return started;
    }

    private void refused() {
        try (FrontEnd frontEnd = FrontEnd.connect(socket())) {
            assertThatThrownBy(frontEnd::getFeatures).isInstanceOf(FrontEndException.class);
        }
    }

    /** What was sent before the back-end had the socket has no sender: it is served, and leaves no file, as all that come by --fd. */
    @Test
    void aSocketThatIsPassedWithAMessageInIt() throws IOException {
        SocketPair pair = SocketPair.create();
        try (FrontEnd frontEnd = new FrontEnd(FrontEndSocket.adopt(pair.first()))) {
            frontEnd.sendRaw(
                    RawMessage.encode(Request.GET_FEATURES.code(), MessageHeader.VERSION, new byte[0]), List.of());
            try (Backend backEnd = Backend.start(
                    BackendConfig.builder(
                                    List.of(Endpoint.inherited(pair.second().number(), Attach.AUTO)), WHOLE)
                            .switching(new Switching.Dropped())
                            .promise("platform new")
                            .build(),
                    new SilentListener())) {
                assertThat(backEnd).isNotNull();
                try (RawMessage reply = frontEnd.reply(Request.GET_FEATURES)) {
                    assertThat(reply.payload().getLong()).isNotZero();
                }
            }
        }
        try (var files = Files.list(directory)) {
            assertThat(files).isEmpty();
        }
    }
}
