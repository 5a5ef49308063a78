// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.negotiate;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.vhost4j.conformance.LoopMode;
import org.vhost4j.conformance.negotiate.Attempt;
import org.vhost4j.conformance.negotiate.Combination;
import org.vhost4j.conformance.negotiate.Negotiation;
import org.vhost4j.conformance.negotiate.Outcome;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.RawMessage;
import org.vhost4j.frontend.ScriptedBackEnd;
import org.vhost4j.tools.probe.JsonSchemas;
import org.vhost4j.vhostuser.wire.ProtocolFeature;
import org.vhost4j.vhostuser.wire.Request;

/** Tests the verdicts on a back-end's replies. */
class NegotiationTest {
    private static final long OFFER = Feature.PROTOCOL_FEATURES.mask() | Feature.VERSION_1.mask() | Feature.CSUM.mask();
    private static final long PROTOCOL = ProtocolFeature.REPLY_ACK.mask() | ProtocolFeature.STATUS.mask();

    private final ScriptedBackEnd backEnd = new ScriptedBackEnd();
    private final FrontEnd frontEnd = backEnd.frontEnd();

    @AfterEach
    void close() {
        backEnd.close();
    }

    private Negotiation offered() {
        backEnd.answer(Request.GET_FEATURES, OFFER);
        backEnd.answer(Request.GET_PROTOCOL_FEATURES, PROTOCOL);
        return new Negotiation(frontEnd);
    }

    private static Combination wanted(long features, long protocol) {
        return new Combination("one", "as given", features, protocol);
    }

    private Attempt withStatus(long setFeatures, long status) {
        Negotiation negotiation = offered();
        backEnd.answer(Request.GET_FEATURES, OFFER);
        backEnd.answer(Request.SET_OWNER, 0);
        backEnd.answer(Request.SET_STATUS, 0);
        backEnd.answer(Request.SET_FEATURES, setFeatures);
        backEnd.answer(Request.SET_STATUS, 0);
        backEnd.answer(Request.GET_STATUS, status);
        backEnd.answer(Request.GET_FEATURES, OFFER);
        return negotiation.acknowledge(wanted(OFFER, PROTOCOL), LoopMode.NONE);
    }

    @Test
    void whatIsAcknowledgedAndKeptIsAccepted() {
        Attempt attempt = withStatus(0, 11);
        assertThat(attempt.outcome()).isEqualTo(Outcome.ACCEPTED);
        assertThat(attempt.isSound()).isTrue();
        long sent = 0;
        for (int i = 0; i < 6; i++) {
            try (RawMessage message = backEnd.sent()) {
                sent = message.request() == Request.SET_PROTOCOL_FEATURES.code()
                        ? message.payload().getLong()
                        : sent;
            }
        }
        assertThat(sent).isEqualTo(PROTOCOL);
    }

    @Test
    void aRefusalIsNotSoundWhenAllWasOffered() {
        Attempt refused = withStatus(1, 11);
        assertThat(refused.outcome()).isEqualTo(Outcome.REFUSED);
        assertThat(refused.detail()).isEqualTo("SET_FEATURES was refused with 1");
        assertThat(refused.isSound()).isFalse();
    }

    @Test
    void aStatusThatIsNotKeptIsARefusal() {
        Attempt attempt = withStatus(0, 3);
        assertThat(attempt.outcome()).isEqualTo(Outcome.REFUSED);
        assertThat(attempt.detail()).contains("FEATURES_OK");
    }

    @Test
    void aLostConnectionIsARefusalOnlyOfWhatNeedNotBeTaken() {
        Negotiation negotiation = offered();
        backEnd.socket().close();
        Attempt lawful = negotiation.acknowledge(wanted(OFFER, 0), LoopMode.NONE);
        assertThat(lawful.outcome()).isEqualTo(Outcome.BROKEN);
        Attempt surplus = negotiation.acknowledge(wanted(OFFER | Feature.RSS.mask(), 0), LoopMode.NONE);
        assertThat(surplus.outcome()).isEqualTo(Outcome.REFUSED);
        assertThat(surplus.isSound()).isTrue();
        assertThat(surplus.detail()).isEqualTo("the back-end closed the connection at SET_PROTOCOL_FEATURES");
    }

    @Test
    void silenceIsBroken() {
        Negotiation negotiation = offered();
        frontEnd.patience(Duration.ofMillis(1));
        Attempt attempt = negotiation.acknowledge(wanted(OFFER, PROTOCOL), LoopMode.NONE);
        assertThat(attempt.outcome()).isEqualTo(Outcome.BROKEN);
        assertThat(attempt.detail()).isEqualTo("GET_FEATURES: no message from the back-end within 1 ms");
    }

    @Test
    void reportsAreWhatTheirSchemaSays() {
        Attempt good = new Attempt(wanted(OFFER, PROTOCOL), true, Outcome.ACCEPTED, "", 64);
        Attempt bad = new Attempt(wanted(OFFER, PROTOCOL), true, Outcome.BROKEN, "frames: none", 0);
        Attempt refused = new Attempt(wanted(-1, PROTOCOL), false, Outcome.REFUSED, "no", 0);
        Report report = new Report(
                "/tmp/s",
                OFFER,
                PROTOCOL,
                List.of(good, bad, refused),
                4,
                "the time limit was reached",
                List.of("broken"));
        assertThat(JsonSchemas.problems(NegotiateCommand.schemaText(), report.json()))
                .isEmpty();
        assertThat(report.matrix())
                .contains(
                        "! broken: frames: none",
                        "refused: no",
                        "3 of 4 combinations tried: the time limit was reached; 64 frames",
                        "1 combinations, marked !");
        assertThat(report.text()).contains("accepted, 64 frames were returned", "not as expected: broken");
    }
}
