/** A kind of record that an experiment's folder may hold besides its runs: a file, and the page that shows it. */
export interface RecordPage {
  /** Name of the file in the experiment's folder, e.g. `"analysis.json"`; its page is named after it. */
  file: string;
  /** Title of the page. */
  title: string;
  /**
   * The page, self-contained HTML.
   *
   * @param data content of the file, not checked yet
   * @param path where it lies, for errors
   */
  page(data: unknown, path: string): string;
}
