// A MediaSource with one SourceBuffer for sound and picture together, and the queue of what has to be done to
// it: a SourceBuffer takes one thing at a time.

type Task =
  | { do: 'append'; bytes: Uint8Array<ArrayBuffer> }
  | { do: 'offset'; seconds: number }
  | { do: 'type'; mime: string }
  | { do: 'remove'; before: number };

/** Feeds one video element. Lives as long as the set of tracks is the same and nothing goes wrong. */
export class Sink {
  #source = new MediaSource();
  #address = URL.createObjectURL(this.#source);
  #buffer: SourceBuffer | null = null;
  #tasks: Task[] = [];
  #closed = false;

  /**
   * @param video the element to feed, from now on.
   * @param mime what will be appended first.
   * @param failed called once if the browser refuses what it got; the sink is of no use then.
   * @param changed called after each thing that was done.
   */
  constructor(
    private readonly video: HTMLVideoElement,
    mime: string,
    private readonly failed: (why: string) => void,
    private readonly changed: () => void,
  ) {
    this.#source.addEventListener('sourceopen', () => this.#opened(mime), { once: true });
    video.addEventListener('error', this.#videoFailed);
    video.src = this.#address;
  }

  #videoFailed = () => this.#fail(this.video.error?.message || 'the browser could not decode');

  #opened(mime: string): void {
    URL.revokeObjectURL(this.#address);
    if (this.#closed) return;
    try {
      this.#buffer = this.#source.addSourceBuffer(mime);
      this.#buffer.mode = 'segments';
      this.#buffer.addEventListener('updateend', () => {
        this.changed();
        this.#next();
      });
      this.#buffer.addEventListener('error', () => this.#fail('the browser refused a fragment'));
      // Open-ended: a picture at the end of the buffer is not the end of the programme.
      this.#source.duration = Infinity;
    } catch (error) {
      this.#fail(String(error));
      return;
    }
    this.#next();
  }

  /** Appends an init segment or a fragment. */
  append(bytes: Uint8Array<ArrayBuffer>): void {
    this.#push({ do: 'append', bytes });
  }

  /** What has to be added to the time stamps of what comes next (seconds). */
  setOffset(seconds: number): void {
    this.#push({ do: 'offset', seconds });
  }

  /** What comes next has other codecs. */
  setType(mime: string): void {
    this.#push({ do: 'type', mime });
  }

  /** Removes what lies before a buffer time (seconds). */
  removeBefore(time: number): void {
    if (!this.#tasks.some((t) => t.do === 'remove')) this.#push({ do: 'remove', before: time });
  }

  /** How many things are waiting to be done. */
  get waiting(): number {
    return this.#tasks.length;
  }

  /** What is buffered, earliest first (seconds). */
  get ranges(): { start: number; end: number }[] {
    if (!this.#buffer || this.#source.readyState === 'closed') return [];
    const { buffered } = this.#buffer;
    return Array.from({ length: buffered.length }, (_, i) => ({ start: buffered.start(i), end: buffered.end(i) }));
  }

  /** Lets go of the element, which keeps its last picture until it gets another source. */
  close(): void {
    this.#closed = true;
    this.#tasks = [];
    this.video.removeEventListener('error', this.#videoFailed);
  }

  #push(task: Task): void {
    if (this.#closed) return;
    this.#tasks.push(task);
    this.#next();
  }

  #next(): void {
    const buffer = this.#buffer;
    while (!this.#closed && buffer && !buffer.updating) {
      const task = this.#tasks.shift();
      if (!task) return;
      try {
        this.#do(buffer, task);
      } catch (error) {
        if (task.do === 'append' && error instanceof DOMException && error.name === 'QuotaExceededError') {
          this.#tasks.unshift({ do: 'remove', before: this.video.currentTime - 2 }, task);
          if (this.video.currentTime - 2 > (this.ranges[0]?.start ?? Infinity)) continue;
        }
        this.#fail(String(error));
      }
    }
  }

  #do(buffer: SourceBuffer, task: Task): void {
    switch (task.do) {
      case 'append':
        buffer.appendBuffer(task.bytes);
        break;
      case 'offset':
        // A fragment that is only half parsed would refuse it; fragments are appended whole.
        buffer.timestampOffset = task.seconds;
        break;
      case 'type':
        buffer.changeType(task.mime);
        break;
      case 'remove': {
        const first = this.ranges[0];
        if (first && first.start < task.before) buffer.remove(0, task.before);
        break;
      }
    }
  }

  #fail(why: string): void {
    if (this.#closed) return;
    this.close();
    this.failed(why);
  }
}
