"""What the samples of a run say."""

import statistics


class Samples:
    def __init__(self, samples):
        self.by_pair = {}
        self.errors = {}
        for sample in samples:
            pair = sample["row"], sample["peer"]
            if "results" in sample:
                self.by_pair.setdefault(pair, {})[sample["round"]] = sample["results"]
            else:
                self.errors.setdefault((*pair, sample["error"]), []).append(sample["round"])

    def values(self, row, peer, metric):
        """By round."""
        return {number: results[metric] for number, results in self.by_pair.get((row, peer), {}).items() if metric in results}

    def median(self, row, peer, metric):
        numbers = self.values(row, peer, metric).values()
        return statistics.median(numbers) if numbers else None

    def quartiles(self, row, peer, metric):
        """First and third; None of fewer than two samples."""
        numbers = list(self.values(row, peer, metric).values())
        if len(numbers) < 2:
            return None
        first, _, third = statistics.quantiles(numbers, n=4, method="inclusive")
        return first, third

    def ratio(self, row, peer, baseline, metric):
        """The median over the rounds of the peer's figure to the baseline's of the same round."""
        measured, base = self.values(row, peer, metric), self.values(row, baseline, metric)
        ratios = [measured[number] / base[number] for number in measured if base.get(number)]
        return statistics.median(ratios) if ratios else None

    def peers(self, row):
        return [peer for of, peer in self.by_pair if of == row]

    def failures(self):
        return [f"{row}, {peer}: {error} ({len(rounds)} times)" for (row, peer, error), rounds in self.errors.items()]


def number_text(number):
    """Three digits that count, and none of those before the point lost."""
    if number is None:
        return "–"
    size = abs(number)
    if 0 < size < 0.1:
        return f"{number:.2g}" if size >= 0.00005 else "0"
    return f"{number:,.{0 if size >= 100 else 1 if size >= 10 else 2}f}"
