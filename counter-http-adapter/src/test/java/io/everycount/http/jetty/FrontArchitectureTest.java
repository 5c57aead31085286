// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.jetty;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** Jetty is known in one package, and the types that handlers share know nobody. */
class FrontArchitectureTest {
    private static final JavaClasses HOUSE = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("io.everycount.http", "io.everycount.cli");

    @Test
    void only_this_package_knows_jetty() {
        noClasses()
                .that()
                .resideOutsideOfPackage("io.everycount.http.jetty")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.eclipse.jetty..")
                .check(HOUSE);
    }

    @Test
    void this_package_knows_only_exchanges() {
        noClasses()
                .that()
                .resideInAPackage("io.everycount.http.jetty")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "io.everycount",
                        "io.everycount.http",
                        "io.everycount.http.body",
                        "io.everycount.http.auth",
                        "io.everycount.http.handler",
                        "io.everycount.http.live",
                        "io.everycount.jdbc..",
                        "io.everycount.cli")
                .check(HOUSE);
    }

    @Test
    void exchanges_know_nobody() {
        noClasses()
                .that()
                .resideInAPackage("io.everycount.http.exchange")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "io.everycount",
                        "io.everycount.http",
                        "io.everycount.http.body",
                        "io.everycount.http.auth",
                        "io.everycount.http.handler",
                        "io.everycount.http.live",
                        "io.everycount.http.jetty",
                        "io.everycount.jdbc..",
                        "io.everycount.cli")
                .check(HOUSE);
    }
}
