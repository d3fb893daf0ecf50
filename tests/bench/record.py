#!/usr/bin/python3
"""What recording costs: 1, 16 and 64 streams, at 16 against one ffmpeg a camera at the same time.

    record.py [--minutes 3] [--runs 3] [--minutes-64 5] [--streams 1,16,64] [--binary PATH]

Simulated cameras send a 1080p25 4 Mbit/s clip with AAC (clip.py). `quaywatch edge` records them all. At
16, beside it 16 times `ffmpeg -c copy -f segment -segment_time 60` records each of them, with the same
fragments and flushing as ours; then once more with ffmpeg's defaults. Every recorded frame of both is
looked up in the clip; a frame missing or repeated on either side makes the figures worthless, and
`frames_equal` false. At every number of streams ours are counted against the frames that were sent; `dropped_untold` are
those of cameras of which the recorder does not say itself that packets were lost.

Standard output ends with one line of JSON: medians over the runs, peak memory over all of them. CPU is
of one core and a stream. `write_calls_per_stream_s_*` are all write calls of the process, those to sockets
and between its threads included. `disk_bytes_per_media_byte_*` is what reached the disk, the file system's
journal and the database included, against the content of the files' `mdat` boxes. `streams_64` is less
than 64 if the simulator could not send them all.
"""

import argparse
import json
import sys
from pathlib import Path
from statistics import median

import clip
import frames
from machine import end_on_sigterm, say
from record_run import measure

# -flush_packets as an option of its own stays with the segment muxer and does not reach the file.
OUR_FLAGS = ["-segment_format", "mp4", "-segment_format_options",
             "movflags=frag_keyframe+empty_moov+default_base_moof+frag_discont:frag_duration=500000:flush_packets=1"]


def main():
    parser = argparse.ArgumentParser(description="What recording costs, against ffmpeg.")
    parser.add_argument("--minutes", type=float, default=3.0, help="length of each measurement after start-up")
    parser.add_argument("--runs", type=int, default=3, help="runs of 16 streams against ffmpeg with our flags")
    parser.add_argument("--minutes-64", type=float, default=None, help="length at 64 streams; 5, or --minutes if that is given shorter")
    parser.add_argument("--streams", default="1,16,64", help="which numbers of streams")
    parser.add_argument("--binary", type=Path, default=clip.ROOT / "target" / "release" / "quaywatch")
    args = parser.parse_args()
    if not args.binary.exists():
        sys.exit(f"bench: {args.binary} is missing: `make bench-record` builds it first")
    end_on_sigterm()
    numbers = frames.numbers_of(clip.make_clip())
    asked = [int(number) for number in args.streams.split(",")]
    minutes_64 = args.minutes_64 or (5.0 if args.minutes >= 3 else args.minutes)
    figures = {}
    for streams in asked:
        if streams == 16:
            runs = [measure(f"16 streams, run {i + 1} of {args.runs}", 16, args.minutes, args.binary, numbers, OUR_FLAGS)
                    for i in range(args.runs)]
            defaults = measure("16 streams against ffmpeg's defaults", 16, args.minutes, args.binary, numbers, [])
            figures |= at_16(runs, defaults)
        else:
            minutes = minutes_64 if streams == 64 else args.minutes
            figures |= alone(streams, measure(f"{streams} streams", streams, minutes, args.binary, numbers))
    print(json.dumps(figures))


def shared(streams, runs):
    """The figures that every number of streams has."""
    def middle(key, digits=3):
        return round(median(run[key] for run in runs), digits)

    return {
        f"cpu_percent_per_stream_{streams}": middle("cpu_percent"),
        f"rss_mb_{streams}": max(run["rss_mb"] for run in runs),
        f"write_calls_per_stream_s_{streams}": middle("write_calls_per_stream_s", 1),
        f"disk_bytes_per_media_byte_{streams}": middle("disk_bytes_per_media_byte"),
        f"dropped_{streams}": sum(run["dropped"] for run in runs),
        f"dropped_untold_{streams}": sum(run["dropped_untold"] for run in runs),
        f"frames_{streams}": sum(run["frames"] for run in runs),
        f"simulator_cpu_percent_{streams}": middle("simulator_cpu_percent", 1),
        f"minutes_{streams}": round(runs[0]["minutes"], 2),
        "disk_is_counted_on_the_device": all(run["disk_is_counted_on_the_device"] for run in runs),
    }


def alone(streams, run):
    figures = shared(streams, [run])
    # A per mille is the rounding of the log's seconds.
    sent = round(run["streams_sent"], 2)
    is_full = sent >= 0.998 * streams
    if not is_full:
        say(f"the simulator sent no more than {sent} streams at their full rate: it takes "
            f"{run['simulator_cpu_percent']:.0f} % of a core")
    figures[f"streams_{streams}"] = streams if is_full else sent
    return figures


def at_16(runs, defaults):
    def middle(key):
        return round(median(run[key] for run in runs), 3)

    figures = shared(16, runs) | {
        "cpu_ratio_vs_ffmpeg": middle("ratio"),
        "cpu_ratio_vs_ffmpeg_defaults": round(defaults["ratio"], 3),
        "ffmpeg_cpu_percent_per_stream": middle("ffmpeg_cpu_percent"),
        "ffmpeg_defaults_cpu_percent_per_stream": round(defaults["ffmpeg_cpu_percent"], 3),
        "ffmpeg_rss_mb_each": max(run["ffmpeg_rss_mb"] for run in runs),
        "frames_equal": all(run["frames_equal"] for run in [*runs, defaults]),
        "runs": len(runs),
    }
    if "ffmpeg_disk_bytes_per_media_byte" in runs[0]:
        figures["ffmpeg_disk_bytes_per_media_byte"] = middle("ffmpeg_disk_bytes_per_media_byte")
    return figures


if __name__ == "__main__":
    main()
