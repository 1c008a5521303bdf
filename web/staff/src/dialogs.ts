/** The two questions every screen may ask: "really?", and the second factor again. The frame shows them. */
import { shallowRef } from 'vue'

export interface Question {
  title: string
  text: string
  go: string
  danger?: boolean
}

interface Open<A> {
  answer: (value: A) => void
}

export const question = shallowRef<(Question & Open<boolean>) | null>(null)
export const proving = shallowRef<Open<boolean> | null>(null)

/** Whether the person said yes. */
export function confirmed(asked: Question): Promise<boolean> {
  return new Promise((resolve) => {
    question.value = {
      ...asked,
      answer(value) {
        question.value = null
        resolve(value)
      },
    }
  })
}

/** Whether the second factor was proved again. */
export function provedAgain(): Promise<boolean> {
  return new Promise((resolve) => {
    proving.value = {
      answer(value) {
        proving.value = null
        resolve(value)
      },
    }
  })
}
