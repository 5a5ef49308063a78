// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.lane;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SpinWindowTest {
    private static final long LOOK = 1_000;

    private long now = -5;
    private final SpinWindow window = new SpinWindow(new IdlePolicy(50_000), () -> now);

    /** Looks until the lane sleeps. */
    private int idle() {
        int looks = 0;
        while (window.open()) {
            looks++;
            now += LOOK;
        }
        return looks;
    }

    /** Idle times in a row without a look, each ended by work after the lane has slept. */
    private int slept() {
        int times = 0;
        while (true) {
            int looks = idle();
            now += 1_000_000;
            window.found();
            if (looks > 0) {
                return times;
            }
            times++;
        }
    }

    @Test
    void looksForTheWholeTimeAndThenSleepsUntilThereIsWork() {
        assertThat(idle()).isEqualTo(50);
        assertThat(window.open()).isFalse();
        window.found();
        assertThat(idle()).isEqualTo(50);
    }

    @Test
    void neverSleepsWhenItPollsAndAlwaysWhenItIsDrivenByEvents() {
        SpinWindow polling = new SpinWindow(IdlePolicy.POLLING, () -> now);
        SpinWindow events = new SpinWindow(IdlePolicy.EVENT_DRIVEN, () -> now);
        for (int i = 0; i < 1000; i++) {
            now += 1_000_000;
            assertThat(polling.open()).isTrue();
            assertThat(events.open()).isFalse();
        }
    }

    @Test
    void looksEachTimeWhileWorkComesMeanwhile() {
        for (int i = 0; i < 1000; i++) {
            for (int look = 0; look < 40; look++) {
                assertThat(window.open()).isTrue();
                now += LOOK;
            }
            window.found();
            now += 5_000;
        }
    }

    @Test
    void sleepsAtOnceForLongerAndLongerWhenLookingFindsNothing() {
        for (int i = 0; i < 4; i++) {
            assertThat(slept()).isZero();
        }
        for (int pause : new int[] {8, 16, 32, 64, 128, 256, 256}) {
            assertThat(slept()).isEqualTo(pause);
        }
    }

    @Test
    void aFindAfterAPauseMakesItLookEachTimeAgain() {
        for (int i = 0; i < 4; i++) {
            idle();
            window.found();
        }
        for (int i = 0; i < 8; i++) {
            assertThat(window.open()).isFalse();
            window.found();
        }
        assertThat(window.open()).isTrue();
        now += LOOK;
        window.found();
        for (int i = 0; i < 4; i++) {
            assertThat(idle()).isEqualTo(50);
            window.found();
        }
        assertThat(window.open()).isFalse();
    }

    @Test
    void sleepsWhenAnotherProgramHasHadTheCoreBetweenTwoLooks() {
        assertThat(window.open()).isTrue();
        now += 20_000;
        assertThat(window.open()).isFalse();
        window.found();
        assertThat(slept()).isEqualTo(8);
    }

    @Test
    void workThatIsFoundAfterAnotherProgramHasHadTheCoreIsNoReasonToLook() {
        assertThat(window.open()).isTrue();
        now += 3_000_000;
        window.found();
        assertThat(slept()).isEqualTo(8);
    }

    @Test
    void workThatTakesLongIsNoReasonToSleep() {
        for (int i = 0; i < 100; i++) {
            assertThat(window.open()).isTrue();
            now += 200_000;
            window.found();
        }
    }

    @Test
    void looksForTheWholeTimeAgainWhenThereIsMoreToLookAt() {
        for (int i = 0; i < 30; i++) {
            assertThat(window.open()).isTrue();
            now += LOOK;
        }
        window.restart();
        assertThat(idle()).isEqualTo(50);
    }
}
