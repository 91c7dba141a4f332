/** A measurement is so many looks long, behind one look in which the change before takes effect. */
const looksMeasured = 4;
/** So many looks pass until reads share again after something held them up. */
const looksDisturbed = 6;
/** So many times both are measured, in turns, so that what else happens meets both alike. */
const pairs = 4;
/** Of fewer answers nothing is told. */
const answersMin = 40;
/**
 * More connections must do so much better, fewer may do so much worse, for each costs the server:
 * of the power, which is about twice as much as of the rate.
 */
const widerGain = 1.15;
const narrowerGain = 0.95;
const widthMaxUsual = 16;
/** So many looks pass between two trials; twice as many after each that changed nothing. */
const restMin = 50;
const restMax = 800;

/** What is under way and what was answered between two looks. */
export interface PipelineLook {
  readonly answered: number;
  /** At the time of the look. */
  readonly waiting: number;
  readonly elapsedMs: number;
}

/**
 * On how many connections reads are pipelined. Few make many queries and many answers pass in one
 * call of the system, which is what costs most where the processors are busy; but a server runs
 * those of one connection one after another, so more are faster where it has processors to spare.
 * Nobody can know which it is, so it is tried: every few seconds twice or half as many have their
 * turn, and stay if they did better.
 *
 * Better is a higher rate or a shorter wait: the rate divided by the wait, which is the power of a
 * queueing system (L. Kleinrock, "Power and deterministic rules of thumb for probabilistic
 * problems in computer communications", 1979). With the wait by Little's law, that is the square
 * of the rate divided by how many wait.
 */
export class PipelineWidth {
  readonly max: number;
  #width = 1;
  /** What the trial under way compares with; undefined between trials. */
  #other: number | undefined;
  #wider = true;
  #rest = restMin;
  #restLooks = restMin;
  /** Of the trial under way. */
  #measured: number[] = [];
  #looks = 0;
  #answered = 0;
  #waiting = 0;
  #elapsedMs = 0;

  constructor(max = widthMaxUsual) {
    this.max = max;
  }

  /** So many connections take reads now, unless all are full. */
  get now(): number {
    return this.#other !== undefined && this.#measured.length % 2 === 1 ? this.#other : this.#width;
  }

  /** Something held reads up: what was measured last is measured again. */
  disturb(): void {
    this.#beginMeasuring();
    this.#looks = -looksDisturbed;
  }

  look({ answered, waiting, elapsedMs }: PipelineLook): void {
    if (this.#other === undefined) {
      this.#restLooks -= 1;
      if (this.#restLooks <= 0) this.#beginTrial();
      return;
    }
    this.#looks += 1;
    if (this.#looks <= 1) return;
    this.#answered += answered;
    this.#waiting += waiting;
    this.#elapsedMs += elapsedMs;
    if (this.#looks <= looksMeasured) return;
    if (this.#answered < answersMin) return this.#endTrial(restMin);
    this.#measured.push(power(this.#answered / this.#elapsedMs, this.#waiting / looksMeasured));
    this.#beginMeasuring();
    if (this.#measured.length === 2 * pairs) this.#judge(this.#other);
  }

  #beginTrial(): void {
    if (this.max === 1) return;
    if (this.#width === 1) this.#wider = true;
    if (this.#width === this.max) this.#wider = false;
    this.#other = this.#wider ? Math.min(this.#width * 2, this.max) : Math.floor(this.#width / 2);
    this.#beginMeasuring();
  }

  #beginMeasuring(): void {
    this.#looks = 0;
    this.#answered = 0;
    this.#waiting = 0;
    this.#elapsedMs = 0;
  }

  #judge(other: number): void {
    let won = 0;
    let usual = 0;
    let tried = 0;
    for (let at = 0; at < this.#measured.length; at += 2) {
      const [before = 0, after = 0] = this.#measured.slice(at);
      if (after > before) won += 1;
      usual += before;
      tried += after;
    }
    const better = this.#wider
      ? won === pairs && tried > usual * widerGain
      : tried > usual * narrowerGain;
    if (better) this.#width = other;
    else this.#wider = !this.#wider;
    this.#rest = better ? restMin : Math.min(this.#rest * 2, restMax);
    this.#endTrial(this.#rest);
  }

  #endTrial(restLooks: number): void {
    this.#other = undefined;
    this.#measured = [];
    this.#restLooks = restLooks;
  }
}

/** `rate` in answers a millisecond. */
const power = (rate: number, waiting: number): number => rate ** 2 / Math.max(waiting, 1);
