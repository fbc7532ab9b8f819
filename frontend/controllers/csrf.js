// The token that POSTs made by scripts carry.
export function csrf() {
  return document.querySelector('meta[name="csrf-token"]')?.content ?? document.querySelector('input[name="csrf_token"]')?.value ?? "";
}
