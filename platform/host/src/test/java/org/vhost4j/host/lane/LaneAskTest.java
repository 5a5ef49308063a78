// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.lane;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.vhost4j.device.Pollable;

/** Tests a lane that lets another lane execute a task, and waits for it. */
@Timeout(120)
class LaneAskTest {
    private static final int ROUNDS = 2_000;

    private final List<Throwable> failures = new CopyOnWriteArrayList<>();

    @AutoClose
    private final Lane one = lane("one");

    @AutoClose
    private final Lane two = lane("two");

    private Lane lane(String name) {
        return Lane.start(name, IdlePolicy.EVENT_DRIVEN, new LaneListener() {
            @Override
            public void faulted(Pollable pollable, String reason, Throwable cause) {
                failures.add(cause);
            }

            @Override
            public void failed(Throwable cause) {
                failures.add(cause);
            }
        });
    }

    private static int rounds(Lane asking, Lane asked) {
        int own = 0;
        for (int i = 0; i < ROUNDS; i++) {
            own += asking.ask(asked, () -> asked.inLane() ? 1 : 0);
        }
        return own;
    }

    @Test
    void twoLanesAskEachOtherAtTheSameTime() {
        CompletableFuture<Integer> there = one.submit(() -> rounds(one, two));
        CompletableFuture<Integer> back = two.submit(() -> rounds(two, one));
        assertThat(there.join()).isEqualTo(ROUNDS);
        assertThat(back.join()).isEqualTo(ROUNDS);
        assertThat(failures).isEmpty();
    }

    @Test
    void aThreadThatIsNoLanesAsksToo() {
        assertThat(one.ask(two, two::inLane)).isTrue();
    }

    @Test
    void aLaneAsksItselfWithoutWaiting() {
        assertThat(one.submit(() -> one.ask(one, one::inLane)).join()).isTrue();
    }

    /** What fails is the asking lane's to deal with. */
    @Test
    void whatTheTaskThrowsIsThrownWhereItWasAsked() {
        assertThatThrownBy(() -> one.ask(two, () -> {
                    throw new IllegalArgumentException("no");
                }))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("no");
        assertThat(one.ask(two, two::inLane)).isTrue();
        assertThat(failures).isEmpty();
    }
}
