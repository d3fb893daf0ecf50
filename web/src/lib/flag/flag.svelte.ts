// Whether somebody is flagging something by hand, and the camera that is being looked at meanwhile.

/** The dialog to flag, which opens from every page. */
export class Flag {
  open = $state(false);
  /** The camera that the page shows now: it is the one that is meant, unless somebody chooses another. */
  camera = $state<string | null>(null);

  /** Tells which camera is shown, until the returned function is called. */
  look(camera: string | null): () => void {
    this.camera = camera;
    return () => {
      if (this.camera === camera) this.camera = null;
    };
  }
}

/** The flag of this page. */
export const flag = new Flag();
