// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.ring;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.vhost4j.device.memory.DirtyLog;
import org.vhost4j.device.ring.RingModel.Shape;
import org.vhost4j.device.ring.RingModel.Step;

/** Runs the steps of a driver and a device in every order; {@link RingModel} checks the ring after each step. */
class RingInterleavingTest {
    private static final Step[] STEPS = Step.values();
    private static final Step[] BUSY = {
        Step.OFFER_READABLE,
        Step.OFFER_WRITABLE,
        Step.OFFER_BOTH,
        Step.OFFER_TABLE,
        Step.SHOW,
        Step.POP,
        Step.POP_READABLE_TOGETHER,
        Step.USE,
        Step.USE_TOGETHER,
        Step.PUBLISH,
        Step.COLLECT
    };

    private final MemorySegment memory = RingModel.memory();
    private final Chain chain = new Chain();

    static Stream<Shape> shapes() {
        List<Shape> all = new ArrayList<>();
        for (int options = 0; options < 8; options++) {
            boolean eventIdx = (options & 1) != 0;
            boolean indirect = (options & 2) != 0;
            boolean inOrder = (options & 4) != 0;
            for (int size : new int[] {1, 2, 8, 256}) {
                all.add(new Shape(false, size, eventIdx, indirect, inOrder));
            }
            for (int size : new int[] {1, 2, 3, 7, 100, 256}) {
                all.add(new Shape(true, size, eventIdx, indirect, inOrder));
            }
        }
        return all.stream();
    }

    private static int base(Shape shape, SplittableRandom random) {
        if (!shape.packed()) {
            return random.nextInt(65536);
        }
        int half = random.nextInt(shape.size()) | random.nextInt(2) << 15;
        return half << 16 | half;
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void atRandom(Shape shape) {
        int came = 0;
        for (int seed = 0; seed < 6; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            RingModel model = new RingModel(memory, chain, shape, base(shape, random));
            for (int i = 0; i < 3000; i++) {
                int step = random.nextInt(STEPS.length + 10);
                // Going to sleep and restarting are rarer than the other steps.
                Step next = step < STEPS.length ? STEPS[step] : BUSY[random.nextInt(BUSY.length)];
                if (next != Step.RESTART || random.nextInt(10) == 0) {
                    model.take(next);
                }
            }
            model.finish();
            came += model.collected;
        }
        assertThat(came).isGreaterThan(100);
    }

    /**
     * Returns the padding before a ring that determines its pages: none, the used ring across a page border, or the
     * descriptors across a page border.
     */
    private int pad(Shape shape, int kind) {
        RingModel unpadded = new RingModel(memory, chain, shape, 0);
        long descriptors = unpadded.driver.descAddress() - RingModel.BASE;
        long used = unpadded.driver.usedAddress() - RingModel.BASE;
        long border = switch (kind) {
            case 0 -> DirtyLog.PAGE;
            case 1 -> used + 4;
            default -> descriptors + shape.size() / 2 * 16L;
        };
        return (int) ((DirtyLog.PAGE - border) & -16 & (DirtyLog.PAGE - 1));
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void atRandomWhileItMigrates(Shape shape) {
        int came = 0;
        for (int seed = 0; seed < 3; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            RingModel model = RingModel.migrating(
                    memory.asSlice(0, 1 << 15), chain, shape, base(shape, random), pad(shape, seed));
            for (int i = 0; i < 1000; i++) {
                int step = random.nextInt(STEPS.length + 10);
                Step next = step < STEPS.length ? STEPS[step] : BUSY[random.nextInt(BUSY.length)];
                if ((next != Step.RESTART && next != Step.LOG_OR_NOT) || random.nextInt(10) == 0) {
                    model.take(next);
                }
            }
            model.finish();
            came += model.collected;
        }
        assertThat(came).isGreaterThan(20);
    }

    static Stream<Shape> smallShapes() {
        return Stream.of(false, true)
                .flatMap(eventIdx -> Stream.of(false, true)
                        .flatMap(inOrder -> Stream.of(
                                new Shape(false, 1, eventIdx, false, inOrder),
                                new Shape(false, 2, eventIdx, false, inOrder),
                                new Shape(true, 1, eventIdx, true, inOrder),
                                new Shape(true, 2, eventIdx, false, inOrder),
                                new Shape(true, 3, eventIdx, false, inOrder))));
    }

    /** Runs every sequence of steps up to a length, unless an earlier sequence led to the same state. */
    @ParameterizedTest
    @MethodSource("smallShapes")
    void exhaustively(Shape shape) throws ReflectiveOperationException {
        exhaustively(shape.size() == 3 ? 8 : 9, 100, base -> new RingModel(memory, chain, shape, base), shape);
    }

    @ParameterizedTest
    @MethodSource("smallShapes")
    void exhaustivelyWhileItMigrates(Shape shape) throws ReflectiveOperationException {
        int pad = pad(shape, shape.packed() ? 2 : 1);
        MemorySegment few = memory.asSlice(0, 1 << 13);
        exhaustively(7, 80, base -> RingModel.migrating(few, chain, shape, base, pad), shape);
    }

    private static void exhaustively(int longest, int states, IntFunction<RingModel> create, Shape shape)
            throws ReflectiveOperationException {
        // The ring begins near its end, or near the overflow of the index, so that few steps pass it.
        int half = shape.size() - 1 | 0x8000;
        int base = shape.packed() ? half << 16 | half : 0xffff;
        Set<Long> seen = new HashSet<>();
        List<Step[]> frontier = List.<Step[]>of(new Step[0]);
        for (int length = 1; length <= longest; length++) {
            List<Step[]> reached = new ArrayList<>();
            for (Step[] path : frontier) {
                for (Step step : STEPS) {
                    RingModel model = create.apply(base);
                    for (Step taken : path) {
                        model.take(taken);
                    }
                    if (model.take(step) && seen.add(state(model))) {
                        Step[] longer = Arrays.copyOf(path, length);
                        longer[length - 1] = step;
                        reached.add(longer);
                        model.finish();
                    }
                }
            }
            frontier = reached;
        }
        assertThat(seen.size()).isGreaterThan(states);
    }

    private static long state(RingModel model) throws ReflectiveOperationException {
        long hash = model.expectation();
        for (long word : model.sharedMemory().toArray(java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED)) {
            hash = mix(hash, word);
        }
        return fields(model.driver, fields(model.device.unlogged(), hash));
    }

    /** Returns a hash of the numeric fields of an object. */
    private static long fields(Object object, long start) throws ReflectiveOperationException {
        long hash = start;
        for (Class<?> type = object.getClass(); type != Object.class; type = type.getSuperclass()) {
            for (Field field : type.getDeclaredFields()) {
                if (java.lang.reflect.Modifier.isStatic(field.getModifiers())) {
                    continue;
                }
                field.setAccessible(true);
                Object value = field.get(object);
                if (value instanceof Number || value instanceof Boolean) {
                    hash = mix(hash, value.hashCode());
                } else if (value instanceof int[] || value instanceof char[]) {
                    for (int i = 0; i < Array.getLength(value); i++) {
                        hash = mix(hash, Array.get(value, i).hashCode());
                    }
                }
            }
        }
        return hash;
    }

    private static long mix(long hash, long word) {
        long mixed = (hash ^ word) * 0x9e37_79b9_7f4a_7c15L;
        return mixed ^ mixed >>> 29;
    }
}
