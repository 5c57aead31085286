// SPDX-License-Identifier: Apache-2.0
/** Spring Boot as a counter: an application to compare the HTTP adapter with. */
package io.everycount.benchmarks.spring;
