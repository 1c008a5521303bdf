/** The reference data of the platform, taken into a chunk of its own when the app is built. */
import authorities from '@data/issuing_authorities.csv?raw'
import prefectures from '@data/divisions_prefecture.csv?raw'
import { known } from './names'

export const data = known(prefectures, authorities)
