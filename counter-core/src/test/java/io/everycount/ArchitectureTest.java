// SPDX-License-Identifier: Apache-2.0
package io.everycount;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The plan of the house: imports go one way, and what is hidden stays hidden. */
class ArchitectureTest {
    private static final JavaClasses HOUSE = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("io.everycount");
    private static final String FACE = "io.everycount";
    private static final String FLUSH = "io.everycount.flush";
    private static final String CELL = "io.everycount.cell";
    private static final String SINK = "io.everycount.sink";

    @Test
    void cells_know_nobody() {
        noClasses()
                .that()
                .resideInAPackage(CELL)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(FACE, FLUSH, SINK, "org.slf4j..")
                .check(HOUSE);
    }

    @Test
    void sinks_know_nobody() {
        noClasses()
                .that()
                .resideInAPackage(SINK)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(FACE, FLUSH, CELL)
                .check(HOUSE);
    }

    @Test
    void flushing_knows_cells_and_sinks_but_not_the_face() {
        noClasses()
                .that()
                .resideInAPackage(FLUSH)
                .should()
                .dependOnClassesThat()
                .resideInAPackage(FACE)
                .check(HOUSE);
    }

    @Test
    void nothing_but_the_jdk_and_slf4j_is_needed() {
        classes()
                .should()
                .onlyDependOnClassesThat(
                        resideInAnyPackage("java..", "jdk.jfr..", "org.slf4j..", "org.jspecify..", "io.everycount.."))
                .check(HOUSE);
    }

    @Test
    void only_events_and_who_guards_them_touch_the_recorder_which_a_runtime_may_lack() {
        noClasses()
                .that()
                .haveSimpleNameNotEndingWith("Event")
                .and()
                .doNotHaveFullyQualifiedName("io.everycount.flush.FlightRecorder")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("jdk.jfr..")
                .check(HOUSE);
    }

    @Test
    void signatures_that_users_see_name_nothing_hidden() {
        classes()
                .that()
                .resideInAnyPackage(FACE, SINK)
                .and()
                .arePublic()
                .should(new ArchCondition<JavaClass>("show only exported types") {
                    @Override
                    public void check(JavaClass type, ConditionEvents events) {
                        for (JavaCodeUnit unit : type.getCodeUnits()) {
                            if (isSeen(unit.getModifiers())) {
                                Set<JavaClass> shown = new HashSet<>(unit.getRawParameterTypes());
                                shown.add(unit.getRawReturnType());
                                shown.addAll(unit.getAllInvolvedRawTypes());
                                shown.forEach(t -> inspect(t, unit.getFullName(), events));
                            }
                        }
                        for (JavaField field : type.getFields()) {
                            if (isSeen(field.getModifiers())) {
                                inspect(field.getRawType(), field.getFullName(), events);
                            }
                        }
                        type.getRawSuperclass().ifPresent(t -> inspect(t, type.getName(), events));
                        type.getRawInterfaces().forEach(t -> inspect(t, type.getName(), events));
                    }
                })
                .check(HOUSE);
    }

    private static boolean isSeen(Set<JavaModifier> modifiers) {
        return modifiers.contains(JavaModifier.PUBLIC) || modifiers.contains(JavaModifier.PROTECTED);
    }

    private static void inspect(JavaClass shown, String where, ConditionEvents events) {
        JavaClass type = shown.getBaseComponentType();
        boolean hidden = type.getPackageName().equals(FLUSH)
                || type.getPackageName().equals(CELL)
                || type.getPackageName().startsWith(FACE)
                        && !type.getModifiers().contains(JavaModifier.PUBLIC);
        if (hidden) {
            events.add(SimpleConditionEvent.violated(shown, where + " shows " + type.getName()));
        }
    }

    @Test
    void no_lock_is_shared_by_writers_and_the_drainer() {
        noClasses()
                .that()
                .resideInAPackage(CELL)
                .should()
                .dependOnClassesThat()
                .resideInAPackage("java.util.concurrent.locks..")
                .check(HOUSE);
        classes()
                .that()
                .resideInAPackage(CELL)
                .should(new ArchCondition<JavaClass>("have no synchronized methods and no monitors") {
                    @Override
                    public void check(JavaClass type, ConditionEvents events) {
                        for (JavaMethod method : type.getMethods()) {
                            if (method.getModifiers().contains(JavaModifier.SYNCHRONIZED)) {
                                events.add(
                                        SimpleConditionEvent.violated(type, method.getFullName() + " is synchronized"));
                            }
                        }
                    }
                })
                .check(HOUSE);
    }

    @Test
    void only_opening_and_closing_handles_and_readers_touch_the_map_of_handles() {
        noClasses()
                .that()
                .resideInAPackage(CELL)
                .and()
                .doNotHaveSimpleName("CellStore")
                .should()
                .dependOnClassesThat()
                .haveNameMatching("java\\.util\\.concurrent\\.ConcurrentHashMap.*")
                .check(HOUSE);
        HOUSE.get("io.everycount.cell.CellStore").getCodeUnits().stream()
                .filter(unit -> unit.getFieldAccesses().stream()
                        .anyMatch(access -> access.getTarget().getName().equals("handles")))
                .map(JavaCodeUnit::getName)
                .filter(name -> !Set.of("<init>", "openHandle", "closeHandle", "forgetSealed", "sum")
                        .contains(name))
                .forEach(name -> {
                    throw new AssertionError(name + " uses the map of handles, which has locks");
                });
        HOUSE.get("io.everycount.cell.CellStore").getMethod("forgetSealed").getCallsOfSelf().stream()
                .map(call -> call.getOrigin().getName())
                .filter(name -> !Set.of("openHandle", "closeHandle").contains(name))
                .forEach(name -> {
                    throw new AssertionError(name + " uses the map of handles, which has locks");
                });
    }
}
