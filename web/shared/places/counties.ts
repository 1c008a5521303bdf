/** Counties and districts: large, and for staff alone. */
import list from '@data/divisions_county.csv?raw'
import { rows } from './names'

export const counties: [string, string][] = rows(list).map(([code, name]) => [code!, name!])
