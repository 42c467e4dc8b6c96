internal import PatchbayCore

extension RelayStatus {
    /// The page for people: whole in itself, without scripts, and up to date again every few seconds.
    func html() -> String {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta http-equiv="refresh" content="5">
        <meta name="color-scheme" content="light dark">
        <title>\(isDraining ? "Draining: " : "")relay \(Self.text(realm))</title>
        <style>\(StatusStyle.sheet)</style>
        </head>
        <body>
        <header>
        <h1>\(Self.text(realm))</h1>
        <p class="state \(isDraining ? "draining" : "serving")">\(isDraining ? "draining" : "serving")</p>
        <p class="quiet">a Patchbay relay, up \(Self.time(uptime))</p>
        </header>
        \(notice)<main>
        <section aria-label="In figures" class="figures">
        \(figure("listeners", Self.grouped(registrations)))\(figure("names", Self.grouped(nameCount)))\(figure("open calls", Self.grouped(openCalls), note: waitingCalls > 0 ? "\(Self.grouped(waitingCalls)) more wait" : nil))\(figure("calls since start", Self.grouped(calls)))\(figure("to listeners", Self.bytes(bytesToListeners)))\(figure("to dialers", Self.bytes(bytesToDialers)))</section>
        <section>
        <h2>Limits</h2>
        <p class="quiet">Those per key, name and address show the one that uses most.</p>
        <dl class="limits">
        \(loads.map(bar).joined())</dl>
        </section>
        <div class="pair">
        <section>
        <h2>Refusals</h2>
        \(Self.tallyTable(refusals, "Nothing was refused."))</section>
        <section>
        <h2>Dials</h2>
        \(Self.tallyTable(dials, "Nobody has dialled."))</section>
        </div>
        <section>
        <h2>Names</h2>
        \(nameTable)</section>
        </main>
        <footer class="quiet"><a href="/status.json">status.json</a> <a href="/metrics">metrics</a> <span>renews itself every 5 s</span></footer>
        </body>
        </html>

        """
    }

    private var notice: String {
        guard isDraining else { return "" }
        let calls = openCalls == 1 ? "1 open call" : "\(Self.grouped(openCalls)) open calls"
        return
            "<p class=\"notice\">No new names and calls are taken. The relay ends once \(calls) \(openCalls == 1 ? "is" : "are") over.</p>\n"
    }

    private func figure(_ name: String, _ value: String, note: String? = nil) -> String {
        "<div><b>\(value)</b><span>\(name)</span>\(note.map { "<small>\($0)</small>" } ?? "")</div>\n"
    }

    private func bar(_ load: RelayLoad) -> String {
        let percent = Int((min(max(load.share, 0), 1) * 100).rounded(.down))
        let level = load.share >= 0.95 ? "full" : load.share >= LoadAlarm.threshold ? "near" : "calm"
        let word = level == "calm" ? "" : level == "near" ? " <em>near</em>" : " <em>full</em>"
        let name = load.name.split(separator: "-").joined(separator: " ")
        return """
            <div class="\(level)"><dt>\(name)\(word)</dt><dd><span class="bar" role="img" aria-label="\(percent) percent used"><i style="width:\(percent)%"></i></span>\
            <span class="count">\(Self.grouped(load.used)) <span class="quiet">of \(Self.grouped(load.limit))</span></span></dd></div>

            """
    }

    private var nameTable: String {
        guard nameCount > 0 else { return "<p class=\"quiet\">Nobody listens.</p>\n" }
        let rows = names.map { name in
            let state =
                if let forgottenIn = name.forgottenIn {
                    "<span class=\"away\">away, forgotten in \(forgottenIn.components.seconds) s</span>"
                } else {
                    name.waiting > 0 ? "\(Self.grouped(name.waiting)) wait" : ""
                }
            return """
                <tr><th scope="row">\(Self.text(name.name))</th><td>\(name.key.map { Self.text($0) } ?? "<span class=\"quiet\">none</span>")</td>\
                <td class="number">\(Self.grouped(name.listeners))</td><td class="number">\(Self.grouped(name.calls))</td><td>\(state)</td></tr>

                """
        }
        let more = nameCount - names.count
        return """
            <div class="wide"><table>
            <thead><tr><th scope="col">name</th><th scope="col">key</th><th scope="col" class="number">listeners</th><th scope="col" class="number">calls</th><th scope="col"></th></tr></thead>
            <tbody>
            \(rows.joined())</tbody>
            </table></div>
            \(more > 0 ? "<p class=\"quiet\">and \(Self.grouped(more)) more names</p>\n" : "")
            """
    }

    private static func tallyTable(_ tallies: [Counted], _ none: String) -> String {
        guard !tallies.isEmpty else { return "<p class=\"quiet\">\(none)</p>\n" }
        let rows = tallies.map { "<tr><th scope=\"row\">\(text($0.code))</th><td class=\"number\">\(grouped($0.count))</td></tr>\n" }
        return "<table><tbody>\n\(rows.joined())</tbody></table>\n"
    }

    /// Text from outside, in a document: what would steer a reader's eye is replaced, what is markup is escaped.
    static func text(_ text: String) -> String {
        var result = ""
        for character in PeerRefusal.printable(text, 255) {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.append(character)
            }
        }
        return result
    }

    /// `12 345`, with spaces that do not break a line.
    static func grouped(_ number: some BinaryInteger) -> String {
        let digits = String(number)
        guard digits.count > 4 else { return digits }
        var result = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { result += "\u{202F}" }
            result.append(digit)
        }
        return result
    }

    static func bytes(_ count: UInt64) -> String {
        var value = Double(count)
        for unit in ["B", "KiB", "MiB", "GiB", "TiB"] {
            if value < 1024 || unit == "TiB" {
                let tenths = (value * 10).rounded(.down) / 10
                return (unit == "B" || value >= 100 ? grouped(UInt64(value)) : "\(tenths)") + "\u{A0}\(unit)"
            }
            value /= 1024
        }
        return "\(count)"
    }

    /// The two largest units.
    static func time(_ duration: Duration) -> String {
        let seconds = max(duration.components.seconds, 0)
        let parts = [(seconds / 86_400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")]
        let first = parts.firstIndex { $0.0 > 0 } ?? parts.count - 1
        return parts[first...].prefix(2).map { "\($0.0)\u{A0}\($0.1)" }.joined(separator: " ")
    }
}
