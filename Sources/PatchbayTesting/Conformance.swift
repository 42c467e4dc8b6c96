// The conformance suites.
