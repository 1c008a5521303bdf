import '@shared/theme.css'
import './style.css'
import { createApp } from 'vue'
import App from './App.vue'
import { words } from './words'

createApp(App).use(words).mount('#app')
