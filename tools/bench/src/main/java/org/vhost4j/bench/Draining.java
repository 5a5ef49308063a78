// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.vhost4j.bench.result.CrossCheck;
import org.vhost4j.bench.result.Sample;

/**
 * One contender in one case of {@link DrainRow} or {@link LoggingRow}.
 *
 * @param each the case
 * @param backEnd the contender
 * @param frontEnd the front-end that fills its rings
 * @param drains the back-end with the attached front-end
 */
record Draining(DrainCase each, BackEnd backEnd, OwnLoad frontEnd, Drains drains) implements Subject {
    private static final int ROUNDS_OF_A_TURN = 40;

    /**
     * Starts a back-end and a front-end, and waits until the JIT compiler has finished warming up.
     *
     * @param options further options of the front-end
     */
    static Draining start(Bench bench, Peer peer, DrainCase each, String... options) throws IOException {
        BackEnd backEnd = peer.start(bench, each.work());
        try {
            OwnLoad frontEnd = Drains.frontEnd(bench, options);
            try {
                Drains drains = Drains.attach(frontEnd, backEnd.child(), backEnd.sockets());
                drains.warmUp(List.of(each), bench.plan().warmUp());
                return new Draining(each, backEnd, frontEnd, drains);
            } catch (IOException e) {
                frontEnd.close();
                throw e;
            }
        } catch (IOException e) {
            backEnd.close();
            throw e;
        }
    }

    @Override
    public Sample turn() throws IOException {
        return Sample.ofRounds(drains.turn(List.of(each), ROUNDS_OF_A_TURN).getFirst());
    }

    @Override
    public Optional<CrossCheck> end() throws IOException {
        Direction direction = each.through() ? Direction.THROUGH : Direction.SEND;
        long frames = drains.detach(direction);
        return Optional.of(new CrossCheck(frames, backEnd.frames(direction), Plan.RING_SIZE));
    }

    @Override
    public void close() {
        frontEnd.close();
        drains.close();
    }
}
