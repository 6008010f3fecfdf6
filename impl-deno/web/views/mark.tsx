// The sign of the program, where a screen has nothing else to show.

export const Mark = () => (
  <svg class="mark" viewBox="0 0 512 512" aria-hidden="true" focusable="false">
    <path d="M150 186l70 70-70 70" />
    <path class="mark-smile" d="M246 332c34 34 92 34 126 0" />
  </svg>
)
