/// URLs for the tests that go through many.
enum SampleURLs {
    /// With `%%` where a secret stands.
    static let withSecrets = [
        "json+hmac+tcp://:%%@10.0.0.7:7000", "hmac+tcp://h:1?hmac.key=%%", "hmac+tcp://h:1?key=%%&timeout=3s",
        "python+unix://:%%@/run/worker.sock", "password+noise+tcp://u@h:1?password=%%&noise.psk=%%", "tcp://h:1?data.token=%%",
        "relay:///name?via=hmac%2Btcp%3A%2F%2F%3A%%%40h%3A1", "relay:///name?via=tcp://h:1?password=%%", "tcp://:%%@h:1",
        "json+hmac+tcp://:%%@h", "json+hmca+tcp://:%%@h:1", "hmac+tcp://u:1%%/x@h:1",
        "hmac+tcp://u:%%/x@h:1", "hmac+tcp://:%%@h:1?kye=%%", "tcp://u:12/%%@h:70", "tcp://u:12?%%@h:70",
        "tcp://:1#%%@h:1", "hmac+tcp://:%%%@h:1", "tcp://[%%]:1", "tcp://h:%%", "%%",
        "hmac+tcp://:%%@h:1?key=%%", "tasks+unix:///a?session-key=%%", "//:%%@h:1", "x/%%",
        "hmac+tcp://h:1?key-env=HOLDER", "hmac+tcp://h:1?hmac.psk=%%", "nope+tcp://:%%@h:1?a=b", "hmac+tcp://:%%@h:1/path",
    ]

    /// With a secret where only the error can know better than to print it.
    static let withMisplacedSecrets = [
        "hmac+tcp://:k@h:1?timeout=%%", "hmac+tcp://:k@h:1?%%", "hmac+tcp://:k@h:1?max-message=%%", "hmac+tcp://h:1?key-env=%%",
        "hmac+tcp://h:1?key-file=%%", "hmac+tcp://h:1?key-file=/%%", "hmac+tcp://:k@h:1?cost=%%&cost=%%", "unix:///a?mode=%%",
        "python+unix://:k@/a?digest=%%", "tcp://h:1?resume=%%", "tcp://:%%:1",
    ]

    static let valid =
        withSecrets.map { $0.split(separator: "%%", omittingEmptySubsequences: false).joined(separator: "Sesame") } + [
            "localhost:6000", "/run/a.sock", "worker", "node://worker", "tcp://[fe80::1%25eth0]:7000", "unix:///run/a%20b.sock?mode=600",
            "json+gzip+lines+decompress+bare+unix:///tmp/a.sock", "tcp://h:1?data.a=b&data.c=d%26", "abstract://name",
        ]
}
